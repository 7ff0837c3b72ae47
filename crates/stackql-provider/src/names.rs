//! Matching of user-typed names to the provider's names: exactly, else without regard to case, else without regard to case
//! and underscores, which covers `snake_case` spellings of camel-cased names. Also suggestions for names that match none.

/// The result of matching a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch<T> {
    /// Exactly one value matches.
    One(T),
    /// Several values match equally well; these are their names.
    Ambiguous(Vec<String>),
    /// No candidate matches.
    None,
}

/// Finds the candidate that `typed` names. A candidate is a value and one of its names; a value may have several names.
/// The strictest comparison that matches any candidate decides: exact, then case-insensitive, then folded ([`fold`]).
pub fn match_name<'a, T: Copy + PartialEq>(
    typed: &str,
    candidates: impl Iterator<Item = (T, &'a str)> + Clone,
) -> NameMatch<T> {
    let folded = fold(typed);
    let tests: [&dyn Fn(&str) -> bool; 3] =
        [&|n| n == typed, &|n| n.eq_ignore_ascii_case(typed), &|n| fold(n) == folded];
    for test in tests {
        let mut hits: Vec<(T, &str)> = Vec::new();
        for (value, name) in candidates.clone().filter(|(_, n)| test(n)) {
            if !hits.iter().any(|(v, _)| *v == value) {
                hits.push((value, name));
            }
        }
        match hits.as_slice() {
            [] => {}
            [(value, _)] => return NameMatch::One(*value),
            _ => return NameMatch::Ambiguous(hits.iter().map(|(_, n)| (*n).to_owned()).collect()),
        }
    }
    NameMatch::None
}

/// Normalizes a name so that all spellings that match each other are equal: lower case, without underscores.
pub fn fold(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// The suggestion for a name that was not found: the candidate with the smallest edit distance (Damerau-Levenshtein, of the
/// folded names). `None` if the distance of the nearest candidate exceeds 1 plus a quarter of the shorter name's length.
pub fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(typed);
    let near_enough = |c: &str| 1 + c.len().min(typed.len()) / 4;
    candidates
        .map(|c| (c, fold(c)))
        // A candidate whose length differs that much cannot be near. Computing its distance would take time proportional to
        // the product of both lengths.
        .filter(|(c, name)| name.len().abs_diff(folded.len()) <= 4 * near_enough(c))
        .map(|(c, name)| (strsim::damerau_levenshtein(&folded, &name), c))
        .min()
        .filter(|(distance, c)| *distance <= near_enough(c))
        .map(|(_, c)| c)
}

/// The suffix of an error message with the suggestion: `, did you mean 'x'?`; empty without one.
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|s| format!(", did you mean '{s}'?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search<'a>(typed: &str, names: &'a [&'a str]) -> NameMatch<usize> {
        match_name(typed, names.iter().enumerate().map(|(i, n)| (i, *n)))
    }

    #[test]
    fn every_spelling_finds_the_field() {
        let names = ["networkInterfaceId", "ownerId"];
        for typed in ["networkInterfaceId", "NetworkInterfaceId", "network_interface_id", "NETWORKINTERFACEID"] {
            assert_eq!(search(typed, &names), NameMatch::One(0), "{typed}");
        }
        assert_eq!(search("nope", &names), NameMatch::None);
    }

    #[test]
    fn exact_beats_folded_and_ties_are_listed() {
        let names = ["vpcId", "VpcId"];
        assert_eq!(search("VpcId", &names), NameMatch::One(1));
        assert_eq!(search("vpc_id", &names), NameMatch::Ambiguous(vec!["vpcId".into(), "VpcId".into()]));
    }

    #[test]
    fn nearest_suggests_a_slip_and_nothing_far() {
        let names = ["volumes", "vpcs"];
        assert_eq!(nearest("volume", names.into_iter()), Some("volumes"));
        assert_eq!(nearest("lambda", names.into_iter()), None);
        assert_eq!(nearest(&"volumes".repeat(1_000_000), names.into_iter()), None);
    }
}
