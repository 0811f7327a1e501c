//! What was meant, where a name is mistyped.

/// The names that are close to this one, the closest first; at most three.
pub(crate) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // Half of a short name can be wrong by chance; a long one may have more errors.
    let allowed = (name.chars().count() / 4).clamp(1, 3);
    let name = name.to_lowercase();
    let mut found: Vec<_> = known
        .into_iter()
        .map(|known| (distance(&name, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    found.sort();
    found.into_iter().map(|(_, known)| known).take(3).collect()
}

/// `: did you mean a, or b?`, or nothing.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = near(name, known);
    if near.is_empty() { String::new() } else { format!(": did you mean {}?", near.join(", or ")) }
}

/// How many characters must be put in, taken away or replaced.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_change_is_a_distance_of_one() {
        for (one, other, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("orders", "ordres", 2),
            ("orders", "order", 1),
            ("ab", "cd", 2),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn only_what_is_close_is_meant() {
        assert_eq!(near("order", ["orders", "payments"]), ["orders"]);
        assert!(near("x", ["orders"]).is_empty());
        assert_eq!(did_you_mean("orderz", ["orders", "order"]), ": did you mean order, or orders?");
        assert_eq!(did_you_mean("nothing", ["orders"]), "");
    }
}
