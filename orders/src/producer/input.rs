//! What an order must look like. All broken rules are told at once.

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::text;
use crate::http::{FieldError, Fields, Name};
use crate::order::{Money, Order, OrderId, OrderStatus};

/// A legal request for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    customer_id: String,
    product_id: String,
    quantity: u32,
    price: Money,
    /// Names of the fields that nobody knows.
    pub(super) ignored: Vec<String>,
}

impl Draft {
    /// Checks all rules.
    ///
    /// # Errors
    /// Every broken rule, in the order of the fields.
    pub(super) fn read(json: &RawValue) -> Result<Self, Vec<FieldError>> {
        let mut fields: Fields<&RawValue, Name<'_>> =
            serde_json::from_str(json.get()).map_err(|_| {
                vec![FieldError::new("body", "must be an object with an order's fields")]
            })?;
        let mut errors: Vec<_> = fields.repeated().collect();
        let mut take = |name| fields.values.remove(name);
        let [customer, product, count, money] =
            ["customer_id", "product_id", "quantity", "price"].map(&mut take);
        let mut text =
            |name, json| checked(name, json, |json| text::read(json, Order::MAX_TEXT), &mut errors);
        let customer_id = text("customer_id", customer);
        let product_id = text("product_id", product);
        let quantity = checked("quantity", count, quantity, &mut errors);
        let price = checked("price", money, price, &mut errors);
        let ignored = fields.values.into_keys().map(String::from).collect();
        match (customer_id, product_id, quantity, price) {
            (Some(customer_id), Some(product_id), Some(quantity), Some(price))
                if errors.is_empty() =>
            {
                Ok(Self { customer_id, product_id, quantity, price, ignored })
            }
            _ => Err(errors),
        }
    }

    /// The order, accepted now. Its id is made here, once, before the first attempt to publish it.
    pub(super) fn accept(self, now: Timestamp) -> Order {
        Order {
            id: OrderId::generate(),
            customer_id: self.customer_id,
            product_id: self.product_id,
            quantity: self.quantity,
            price: self.price,
            status: OrderStatus::Pending,
            created_at: now,
            updated_at: now,
        }
    }
}

/// The value by its rule; what is wrong goes to `errors`. Null counts as missing.
fn checked<T>(
    name: &'static str,
    json: Option<&RawValue>,
    rule: impl FnOnce(&RawValue) -> Result<T, String>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let result = match json {
        Some(json) if json.get() != "null" => rule(json),
        _ => Err("is required".to_owned()),
    };
    result.map_err(|reason| errors.push(FieldError::new(name, reason))).ok()
}

fn price(json: &RawValue) -> Result<Money, String> {
    Money::from_json(json).map_err(|error| error.to_string())
}

/// A whole number from its text: `1.0` and `1e3` are none, and no number is too long to be told what is wrong.
fn quantity(json: &RawValue) -> Result<u32, String> {
    let text = json.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("must be a whole number".to_owned());
    }
    match text.parse::<u32>() {
        Ok(quantity @ 1..=Order::MAX_QUANTITY) => Ok(quantity),
        _ if text.starts_with('-') || text == "0" => Err("must be positive".to_owned()),
        _ => Err(format!("must be at most {}", Order::MAX_QUANTITY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Draft, Vec<(String, String)>> {
        Draft::read(&serde_json::from_str::<Box<RawValue>>(json).unwrap())
            .map_err(|errors| errors.into_iter().map(|e| (e.field, e.reason)).collect())
    }

    fn with_quantity(quantity: &str) -> Result<u32, String> {
        let json =
            format!(r#"{{"customer_id":"c","product_id":"p","quantity":{quantity},"price":1}}"#);
        read(&json).map(|draft| draft.quantity).map_err(|errors| errors[0].1.clone())
    }

    #[test]
    fn a_legal_order_is_taken_and_unknown_fields_are_named() {
        let draft = read(
            r#"{"zeta":1,"customer_id":" c ","product_id":"p","quantity":2,"price":"0.10","alpha":{"x":[]}}"#,
        )
        .unwrap();
        assert_eq!((draft.customer_id.as_str(), draft.quantity), ("c", 2));
        assert_eq!(draft.price.to_string(), "0.10");
        assert_eq!(draft.ignored, ["alpha", "zeta"]);
    }

    #[test]
    fn all_broken_rules_are_told_at_once() {
        let fields = |json: &str| -> Vec<String> {
            read(json).unwrap_err().into_iter().map(|(field, _)| field).collect()
        };
        let all = ["customer_id", "product_id", "quantity", "price"];
        assert_eq!(fields("{}"), all);
        assert_eq!(fields(r#"{"customer_id":"","product_id":7,"quantity":0,"price":-1}"#), all);
        assert_eq!(
            fields(r#"{"customer_id":null,"product_id":"p","quantity":1,"price":1}"#),
            ["customer_id"]
        );
    }

    #[test]
    fn a_field_that_comes_twice_is_refused_whichever_it_is() {
        let order = r#""customer_id":"c","product_id":"p","quantity":1,"price":1"#;
        for twice in ["price", "gift"] {
            let errors = read(&format!(r#"{{{order},"{twice}":2,"{twice}":2}}"#)).unwrap_err();
            assert_eq!(errors, [(twice.to_owned(), "is given twice".to_owned())]);
        }
    }

    #[test]
    fn quantity_is_a_whole_number_from_1_to_a_million() {
        assert_eq!(with_quantity("1"), Ok(1));
        assert_eq!(with_quantity("1000000"), Ok(1_000_000));
        for (quantity, reason) in [
            ("0", "must be positive"),
            ("-1", "must be positive"),
            ("-0", "must be positive"),
            ("-99999999999999999999", "must be positive"),
            ("1000001", "must be at most 1000000"),
            ("99999999999999999999", "must be at most 1000000"),
            ("1.5", "must be a whole number"),
            ("1.0", "must be a whole number"),
            ("1e3", "must be a whole number"),
            ("\"1\"", "must be a whole number"),
            ("true", "must be a whole number"),
        ] {
            assert_eq!(with_quantity(quantity), Err(reason.to_owned()), "{quantity}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in ["[]", "1", "null", "\"order\""] {
            assert_eq!(read(json).unwrap_err()[0].0, "body", "{json}");
        }
    }
}
