//! Python literals as they stand in the header of an array: texts, whole numbers, truths, and lists of them.

/// A value of Python; a tuple is a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Whole(u64),
    Truth(bool),
    List(Vec<Literal>),
    Dict(Vec<(String, Literal)>),
}

/// How deep lists may lie in each other.
const DEPTH: usize = 8;

impl Literal {
    /// The value that a text spells, with nothing but spaces after it.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let value = parser.value(DEPTH)?;
        parser.spaces();
        parser.rest.is_empty().then_some(value)
    }

    /// What a dictionary holds under a key.
    pub(super) fn entry(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Dict(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    fn spaces(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Whether the next sign is this one, which is then taken.
    fn takes(&mut self, sign: u8) -> bool {
        self.spaces();
        let taken = self.rest.strip_prefix(&[sign]);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        let depth = depth.checked_sub(1)?;
        self.spaces();
        match *self.rest.first()? {
            b'(' => self.list(b')', depth),
            b'[' => self.list(b']', depth),
            b'{' => self.dict(depth),
            b'0'..=b'9' => self.whole(),
            b'T' | b'F' => self.truth(),
            b'u' | b'b' => {
                self.rest = &self.rest[1..];
                self.text().map(Literal::Text)
            }
            _ => self.text().map(Literal::Text),
        }
    }

    fn list(&mut self, closing: u8, depth: usize) -> Option<Literal> {
        self.rest = &self.rest[1..];
        let mut values = Vec::new();
        while !self.takes(closing) {
            values.push(self.value(depth)?);
            if !self.takes(b',') {
                return self.takes(closing).then_some(Literal::List(values));
            }
        }
        Some(Literal::List(values))
    }

    fn dict(&mut self, depth: usize) -> Option<Literal> {
        self.rest = &self.rest[1..];
        let mut entries = Vec::new();
        while !self.takes(b'}') {
            let key = self.text()?;
            self.takes(b':').then_some(())?;
            entries.push((key, self.value(depth)?));
            if !self.takes(b',') {
                return self.takes(b'}').then_some(Literal::Dict(entries));
            }
        }
        Some(Literal::Dict(entries))
    }

    fn truth(&mut self) -> Option<Literal> {
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Some(Literal::Truth(value));
            }
        }
        None
    }

    /// A whole number; the L after it is of Python 2.
    fn whole(&mut self) -> Option<Literal> {
        let end =
            self.rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
        std::str::from_utf8(digits).ok()?.parse().ok().map(Literal::Whole)
    }

    /// A text in quotes, in which a backslash keeps the next sign as it is.
    fn text(&mut self) -> Option<String> {
        self.spaces();
        let quote = *self.rest.first().filter(|byte| b"'\"".contains(byte))?;
        let mut bytes = Vec::new();
        let mut signs = self.rest.iter().enumerate().skip(1);
        while let Some((place, &byte)) = signs.next() {
            match byte {
                b'\\' => bytes.push(*signs.next()?.1),
                _ if byte == quote => {
                    self.rest = &self.rest[place + 1..];
                    return String::from_utf8(bytes).ok();
                }
                _ => bytes.push(byte),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        let text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4L), }   \n";
        let value = Literal::parse(text).expect("a header");
        assert_eq!(value.entry("descr"), Some(&Literal::Text("<f8".into())));
        assert_eq!(value.entry("fortran_order"), Some(&Literal::Truth(false)));
        let shape = Literal::List(vec![Literal::Whole(3), Literal::Whole(4)]);
        assert_eq!(value.entry("shape"), Some(&shape));
        let nested = Literal::parse(br#"[(u'a', "it's"), ('b\'', ()), []]"#).expect("a list");
        let Literal::List(items) = nested else { panic!("no list") };
        assert_eq!(
            items[1],
            Literal::List(vec![Literal::Text("b'".into()), Literal::List(vec![])])
        );
    }

    #[test]
    fn what_is_no_literal_is_none() {
        let deep = [[b'['; 100], [b']'; 100]].concat();
        let wrong: [&[u8]; 12] = [
            b"",
            b"{",
            b"{'a'}",
            b"{'a':}",
            b"(1,,2)",
            b"'open",
            b"1 2",
            b"Tru",
            b"-1",
            b"'\\",
            b"(1]",
            b"99999999999999999999999",
        ];
        assert!(wrong.iter().all(|text| Literal::parse(text).is_none()));
        assert!(Literal::parse(&deep).is_none());
    }
}
