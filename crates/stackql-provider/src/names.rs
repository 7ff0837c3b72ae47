//! How a name that a person typed finds the name that the provider uses: exactly, else without regard to case,
//! else without regard to case and underscores, which covers `snake_case` spellings of camel-cased names.

/// The outcome of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch<T> {
    /// Exactly one candidate matches.
    One(T),
    /// Several match equally well; their names, to list them.
    Ambiguous(Vec<String>),
    /// None matches.
    None,
}

/// Finds `typed` among `candidates`, each a value and one of its names; a value may occur under several names.
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

/// The form under which all spellings of a name are equal: lower case, without underscores.
pub fn fold(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// The candidate nearest to a name that was not found, if any is near enough to be what was meant.
pub fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(typed);
    let near_enough = |c: &str| 1 + c.len().min(typed.len()) / 4;
    candidates
        .map(|c| (c, fold(c)))
        // Whatever is that much longer cannot be near, and finding out how far it is takes time by both lengths.
        .filter(|(c, name)| name.len().abs_diff(folded.len()) <= 4 * near_enough(c))
        .map(|(c, name)| (strsim::damerau_levenshtein(&folded, &name), c))
        .min()
        .filter(|(distance, c)| *distance <= near_enough(c))
        .map(|(_, c)| c)
}

/// The end of a message about a name that was not found: `, did you mean 'x'?`, or nothing.
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
