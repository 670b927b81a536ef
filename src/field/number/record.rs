//! What a function of numbers did, operation by operation, and its derivatives of first and second
//! order, by going through that once forward and once back.

use std::cell::{Cell, RefCell};
use std::mem;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// A place on a record.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    index: u32,
    record: u32,
}

impl Place {
    /// The place of variable `i`, from that of the first.
    #[inline]
    pub fn variable(self, i: usize) -> Self {
        Self { index: self.index + i as u32, ..self }
    }
}

/// The place of what is no result of anything that was noted.
const NOWHERE: u32 = u32::MAX;

/// One operation on one number or two: where these are noted, and the derivatives of the result by them.
#[derive(Debug)]
struct Node {
    from: [u32; 2],
    /// By the first and by the second.
    slopes: [f64; 2],
    /// Twice by the first, by both, twice by the second.
    curves: [f64; 3],
}

/// The operations of one evaluation, variables first.
///
/// A function f that is noted here is pulled back ([`pull`](Record::pull)) by the chain rule: forward goes
/// the rate of every number along one direction, back come the derivatives of an objective by every number
/// and by its rate. One way there and back costs a few times as much as the function, in any dimension
/// (Griewank and Walther 2008, Evaluating Derivatives, section 5.1).
#[derive(Debug, Default)]
pub struct Record {
    /// Tells it from other records, also of other threads; zero if nothing is noted.
    name: u32,
    names: Range<u32>,
    variables: usize,
    nodes: Vec<Node>,
    results: Vec<u32>,
    /// Whether a result came from elsewhere.
    lost: bool,
    rates: Vec<f64>,
    bars: Vec<[f64; 2]>,
}

/// How many names a thread takes at a time.
const STRETCH: u32 = 1 << 12;

static NAMES: AtomicU32 = AtomicU32::new(1);

thread_local! {
    /// Where operations are noted now.
    static OPEN: RefCell<Record> = const { RefCell::new(Record::new()) };
    /// Memory that is used again; taken while in use, so that fields may nest.
    static SPARE: Cell<Option<Record>> = const { Cell::new(None) };
}

/// Notes an operation on the record to which its numbers belong. If these are of another thread, or of an
/// evaluation that is over, there is no such record.
pub fn note(from: [Option<Place>; 2], slopes: [f64; 2], curves: [f64; 3]) -> Option<Place> {
    OPEN.with_borrow_mut(|record| {
        let [first, second] = from.map(|place| record.index(place));
        record.push(Node { from: [first?, second?], slopes, curves })
    })
}

impl Record {
    const fn new() -> Self {
        Self {
            name: 0,
            names: 0..0,
            variables: 0,
            nodes: Vec::new(),
            results: Vec::new(),
            lost: false,
            rates: Vec::new(),
            bars: Vec::new(),
        }
    }

    /// An empty record in memory that was used before.
    pub fn take() -> Self {
        SPARE.take().unwrap_or_default()
    }

    /// Gives the memory back.
    pub fn give(self) {
        SPARE.set(Some(self));
    }

    /// Forgets everything, and notes from now on what is done to these variables, the first of which is here.
    pub fn open(&mut self, variables: usize) -> Place {
        self.name = self.names.next().unwrap_or_else(|| {
            let first = NAMES.fetch_add(STRETCH, Ordering::Relaxed).max(1);
            self.names = first + 1..first.saturating_add(STRETCH);
            first
        });
        self.nodes.clear();
        self.results.clear();
        (self.lost, self.variables) = (false, variables);
        for _ in 0..variables {
            self.push(Node { from: [NOWHERE; 2], slopes: [0.0; 2], curves: [0.0; 3] });
        }
        let first = Place { index: 0, record: self.name };
        self.change();
        first
    }

    /// Notes no more.
    pub fn close(&mut self) {
        self.change();
    }

    /// Takes the place of the record that is open on this thread, which comes back when it is closed.
    fn change(&mut self) {
        OPEN.with_borrow_mut(|open| mem::swap(open, self));
    }

    fn push(&mut self, node: Node) -> Option<Place> {
        let index = u32::try_from(self.nodes.len()).ok().filter(|&index| index < NOWHERE)?;
        self.nodes.push(node);
        Some(Place { index, record: self.name })
    }

    /// The index of a place on this record; nowhere for a constant.
    fn index(&self, place: Option<Place>) -> Option<u32> {
        match place {
            None => Some(NOWHERE),
            Some(place) if place.record == self.name && self.name > 0 => Some(place.index),
            Some(_) => None,
        }
    }

    /// Takes the places of the function's components, none for a constant; lost are all if they are not `known`
    /// to be right.
    pub fn hand_in(&mut self, places: impl Iterator<Item = Option<Place>>, known: bool) {
        self.lost = !known;
        for place in places {
            let index = self.index(place);
            self.lost |= index.is_none();
            self.results.push(index.unwrap_or(NOWHERE));
        }
    }

    /// The derivatives, by every variable, of an objective of the function's components and of their rates
    /// along a direction: `rate` gives the direction, `cotangents` the derivatives of the objective by a
    /// component and by its rate, and `found` takes the results, NaN if there are none.
    pub fn pull(
        &mut self,
        rate: impl Fn(usize) -> f64,
        cotangents: impl Fn(usize) -> [f64; 2],
        mut found: impl FnMut(usize, f64),
    ) {
        if self.lost {
            return (0..self.variables).for_each(|i| found(i, f64::NAN));
        }
        self.go_forward(rate);
        self.bars.clear();
        self.bars.resize(self.nodes.len(), [0.0; 2]);
        for (k, &index) in self.results.iter().enumerate() {
            if let Some(bar) = self.bars.get_mut(index as usize) {
                let [by_value, by_rate] = cotangents(k);
                *bar = [bar[0] + by_value, bar[1] + by_rate];
            }
        }
        self.go_back();
        self.bars[..self.variables].iter().enumerate().for_each(|(i, bar)| found(i, bar[0]));
    }

    /// The rates of all numbers. What does not move enters no rate, however steep the function is there.
    fn go_forward(&mut self, rate: impl Fn(usize) -> f64) {
        self.rates.clear();
        self.rates.extend((0..self.variables).map(rate));
        for node in &self.nodes[self.variables..] {
            let rates = node.from.map(|from| self.rates.get(from as usize).copied());
            let terms = rates.into_iter().zip(node.slopes).map(|(rate, slope)| times(rate, slope));
            self.rates.push(terms.sum());
        }
    }

    /// The derivatives of the objective by all numbers and by their rates, last to first.
    fn go_back(&mut self) {
        for (k, node) in self.nodes.iter().enumerate().skip(self.variables).rev() {
            let [by_value, by_rate] = self.bars[k];
            if by_value == 0.0 && by_rate == 0.0 {
                continue;
            }
            let [first, second] = node.from.map(|from| self.rates.get(from as usize).copied());
            let [twice_first, both, twice_second] = node.curves;
            // By how much the slopes change along the direction.
            let turns = [
                times(first, twice_first) + times(second, both),
                times(first, both) + times(second, twice_second),
            ];
            for ((from, slope), turn) in node.from.into_iter().zip(node.slopes).zip(turns) {
                if let Some(bar) = self.bars.get_mut(from as usize) {
                    bar[0] += times(Some(by_value), slope) + times(Some(by_rate), turn);
                    bar[1] += times(Some(by_rate), slope);
                }
            }
        }
    }
}

/// A factor times an amount; nothing if there is nothing to multiply, also where the factor is infinite.
fn times(amount: Option<f64>, factor: f64) -> f64 {
    match amount {
        Some(amount) if amount != 0.0 => amount * factor,
        _ => 0.0,
    }
}
