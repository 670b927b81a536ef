//! Words that a stranger wrote, as messages show them.

/// What a message shows of a name that a stranger wrote.
pub(super) fn shortened(name: &str) -> String {
    let shown: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    if name.chars().count() > 40 { format!("{shown}...") } else { shown }
}
