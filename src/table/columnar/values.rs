//! A column of Arrow as numbers.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

/// The numbers of a column, NaN where there is none; `None` if it does not hold numbers.
pub(super) fn numbers(column: &ArrayRef) -> Option<Vec<f64>> {
    Some(match column.data_type() {
        DataType::Boolean => {
            let truth =
                |value: Option<bool>| value.map_or(f64::NAN, |value| f64::from(u8::from(value)));
            column.as_boolean().iter().map(truth).collect()
        }
        DataType::Int8 => of::<Int8Type>(column, f64::from),
        DataType::Int16 => of::<Int16Type>(column, f64::from),
        DataType::Int32 => of::<Int32Type>(column, f64::from),
        DataType::Int64 => of::<Int64Type>(column, |value| value as f64),
        DataType::UInt8 => of::<UInt8Type>(column, f64::from),
        DataType::UInt16 => of::<UInt16Type>(column, f64::from),
        DataType::UInt32 => of::<UInt32Type>(column, f64::from),
        DataType::UInt64 => of::<UInt64Type>(column, |value| value as f64),
        DataType::Float16 => of::<Float16Type>(column, f64::from),
        DataType::Float32 => of::<Float32Type>(column, f64::from),
        DataType::Float64 => of::<Float64Type>(column, |value| value),
        _ => return None,
    })
}

/// Whether a column of this type holds numbers. One without a type holds nothing.
pub(super) fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || kind.is_floating() || *kind == DataType::Boolean
}

fn of<T: ArrowPrimitiveType>(column: &ArrayRef, value: impl Fn(T::Native) -> f64) -> Vec<f64> {
    column.as_primitive::<T>().iter().map(|one| one.map_or(f64::NAN, &value)).collect()
}
