//! Functions of numbers. For text that is not a number they return NULL, except that `abs` and `round` use the number that it
//! begins with, as SQLite does.

use datafusion::arrow::datatypes::{DataType, FieldRef};

use crate::error::Error;
use crate::function::Function;
use crate::value::{Type, Value, rounded};

/// A function of one float; NULL where it is not defined.
macro_rules! real {
    ($name:literal, $says:literal, $example:literal, $of:expr) => {
        Function::new(
            $name,
            (1, 1),
            Type::Real,
            |row| {
                let of: fn(f64) -> f64 = $of;
                Ok(number(row[0].as_number().map(of)))
            },
            (concat!($name, "(x)"), $says, $example),
        )
    };
}

/// A function that returns integers for integers.
macro_rules! rounding {
    ($name:literal, $says:literal, $example:literal, $of:expr) => {
        Function::new(
            $name,
            (1, 1),
            Type::Real,
            |row| {
                let of: fn(f64) -> f64 = $of;
                Ok(match &row[0] {
                    Value::Integer(number) => Value::Integer(*number),
                    other => number(other.as_number().map(of)),
                })
            },
            (concat!($name, "(x)"), $says, $example),
        )
        .giving(same)
    };
}

pub(crate) const ALL: &[Function] = &[
    Function::new("abs", (1, 1), Type::Real, abs, ("abs(x)", "x without its sign", "abs(-3)")).giving(same),
    Function::new(
        "sign",
        (1, 1),
        Type::Integer,
        |row| {
            Ok(match row[0].as_number() {
                None => Value::Null,
                Some(x) => Value::Integer(i64::from(x > 0.0) - i64::from(x < 0.0)),
            })
        },
        ("sign(x)", "-1, 0 or 1", "sign(-3.5)"),
    ),
    Function::new(
        "round",
        (1, 2),
        Type::Real,
        round,
        ("round(x[, digits])", "x with so many digits behind the point, half away from zero", "round(2.345, 2)"),
    ),
    rounding!("floor", "the next whole number below", "floor(-1.5)", f64::floor),
    rounding!("ceil", "the next whole number above", "ceil(1.2)", f64::ceil).also(&["ceiling"]),
    rounding!("trunc", "x without what is behind the point", "trunc(-1.9)", f64::trunc),
    real!("sqrt", "the square root, or NULL", "sqrt(9)", f64::sqrt),
    real!("exp", "e to the power of x", "exp(0)", f64::exp),
    real!("ln", "the natural logarithm, or NULL", "ln(1)", |x| if x > 0.0 { x.ln() } else { f64::NAN }),
    real!("log10", "the logarithm to base 10, or NULL", "log10(1000)", |x| if x > 0.0 { x.log10() } else { f64::NAN }),
    real!("log2", "the logarithm to base 2, or NULL", "log2(8)", |x| if x > 0.0 { x.log2() } else { f64::NAN }),
    Function::new(
        "log",
        (1, 2),
        Type::Real,
        log,
        ("log([base, ]x)", "the logarithm, to base 10 where none is given", "log(2, 8)"),
    ),
    Function::new(
        "pow",
        (2, 2),
        Type::Real,
        |row| Ok(number(row[0].as_number().zip(row[1].as_number()).map(|(x, y)| x.powf(y)))),
        ("pow(x, y)", "x to the power of y", "pow(2, 10)"),
    )
    .also(&["power"]),
    Function::new(
        "mod",
        (2, 2),
        Type::Real,
        |row| Ok(number(row[0].as_number().zip(row[1].as_number()).map(|(x, y)| x % y))),
        ("mod(x, y)", "what is left of x divided by y", "mod(7, 3)"),
    ),
    Function::new("pi", (0, 0), Type::Real, |_| Ok(Value::Real(std::f64::consts::PI)), ("pi()", "π", "round(pi(), 4)")),
    real!("degrees", "an angle in degrees", "round(degrees(pi()), 1)", f64::to_degrees),
    real!("radians", "an angle in radians", "radians(0)", f64::to_radians),
    real!("sin", "the sine", "sin(0)", f64::sin),
    real!("cos", "the cosine", "cos(0)", f64::cos),
    real!("tan", "the tangent", "tan(0)", f64::tan),
    real!("asin", "the arc sine, or NULL", "asin(0)", f64::asin),
    real!("acos", "the arc cosine, or NULL", "acos(1)", f64::acos),
    real!("atan", "the arc tangent", "atan(0)", f64::atan),
    Function::new(
        "atan2",
        (2, 2),
        Type::Real,
        |row| Ok(number(row[0].as_number().zip(row[1].as_number()).map(|(y, x)| y.atan2(x)))),
        ("atan2(y, x)", "the angle of a point", "atan2(0, 1)"),
    ),
    real!("sinh", "the hyperbolic sine", "sinh(0)", f64::sinh),
    real!("cosh", "the hyperbolic cosine", "cosh(0)", f64::cosh),
    real!("tanh", "the hyperbolic tangent", "tanh(0)", f64::tanh),
    real!("asinh", "the inverse hyperbolic sine", "asinh(0)", f64::asinh),
    real!("acosh", "the inverse hyperbolic cosine, or NULL", "acosh(1)", f64::acosh),
    real!("atanh", "the inverse hyperbolic tangent, or NULL", "atanh(0)", f64::atanh),
];

/// An undefined result (NaN) is NULL.
fn number(result: Option<f64>) -> Value<'static> {
    result.filter(|x| !x.is_nan()).map_or(Value::Null, Value::Real)
}

/// The return type of functions that return integers for integers.
fn same(arguments: &[FieldRef]) -> Type {
    match arguments.first() {
        Some(field) if field.data_type().is_integer() && *field.data_type() != DataType::UInt64 => Type::Integer,
        _ => Type::Real,
    }
}

fn abs<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    match &row[0] {
        Value::Integer(whole) => whole.checked_abs().map(Value::Integer).ok_or(Error::Arguments("integer overflow")),
        other => Ok(number(other.as_real().map(f64::abs))),
    }
}

fn round<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let digits = match row.get(1) {
        None => Some(0),
        Some(digits) => digits.as_integer(),
    };
    let (Some(x), Some(digits)) = (row[0].as_real(), digits) else { return Ok(Value::Null) };
    let digits = usize::try_from(digits.clamp(0, 30)).unwrap_or_default();
    // Floats of this size have no fraction.
    if x.abs() >= 4_503_599_627_370_496.0 {
        return Ok(Value::Real(x));
    }
    Ok(Value::Real(rounded(x.abs(), digits).parse::<f64>().unwrap_or(x).copysign(x)))
}

fn log<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let result = match row {
        [x] => x.as_number().filter(|x| *x > 0.0).map(f64::log10),
        [base, x, ..] => match (base.as_number(), x.as_number()) {
            (Some(base), Some(x)) if base > 0.0 && base != 1.0 && x > 0.0 => Some(x.ln() / base.ln()),
            _ => None,
        },
        [] => None,
    };
    Ok(number(result))
}
