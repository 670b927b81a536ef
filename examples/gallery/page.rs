//! The page of all pictures, with the lines that draw each.

use std::fmt::Write;

use super::{Entry, Room};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pictures of liouville</title>
<style>
:root { color-scheme: light dark; --ground: #fff; --ink: #222; --soft: #666; --code: #f5f5f3; --edge: #e2e2de; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --ink: #e4e4e2; --soft: #a0a0a0; --code: #1f2226; --edge: #34383d; } }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.2rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; }
p, nav { color: var(--soft); } nav a { margin-right: 1.2rem; } a { color: inherit; }
.room { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)); gap: 1.6rem; }
figure { margin: 0; border: 1px solid var(--edge); border-radius: 6px; overflow: hidden; display: flex;
  flex-direction: column; }
figure > a { background: #fff; display: flex; flex: 1; align-items: center; justify-content: center; }
img { display: block; max-width: 100%; max-height: 30rem; }
figcaption { padding: .7rem .9rem .2rem; font-weight: 600; border-top: 1px solid var(--edge); }
pre { margin: .4rem .9rem .9rem; padding: .6rem .8rem; background: var(--code); border-radius: 4px; overflow-x: auto;
  font: 12.5px/1.5 ui-monospace, monospace; }
</style>
</head>
<body>
<h1>Pictures of liouville</h1>
<p>Every picture is a builder that ends in <code>save(file)</code>. These are written by
<code>cargo run --release --example gallery</code>; below each are the lines that draw it.</p>
"#;

/// The whole page.
pub fn page(rooms: &[Room]) -> Result<String, String> {
    let mut text = HEAD.to_string();
    let link =
        |(k, room): (usize, &Room)| format!("<a href=\"#room{k}\">{}</a>", escaped(room.title));
    let links: Vec<String> = rooms.iter().enumerate().map(link).collect();
    let _ = writeln!(text, "<nav>{}</nav>", links.join("\n"));
    for (k, room) in rooms.iter().enumerate() {
        let title = escaped(room.title);
        let _ = writeln!(text, "<h2 id=\"room{k}\">{title}</h2>\n<div class=\"room\">");
        for entry in &room.entries {
            text += &figure(entry, &lines_of(room.source, entry.name)?);
        }
        text += "</div>\n";
    }
    Ok(text + "</body>\n</html>\n")
}

fn figure(entry: &Entry, lines: &str) -> String {
    let (file, title) = (entry.file(), escaped(entry.title));
    format!(
        "<figure><a href=\"{file}\"><img src=\"{file}\" alt=\"{title}\" loading=\"lazy\"></a>\n\
         <figcaption>{title}</figcaption>\n<pre>{}</pre></figure>\n",
        escaped(lines)
    )
}

/// What stands in a function, without what is around it.
fn lines_of(source: &str, name: &str) -> Result<String, String> {
    let missing = || format!("no function `{name}`");
    let from = source.find(&format!("\npub fn {name}(")).ok_or_else(missing)?;
    let body = source[from + 1..].lines().skip(1).take_while(|line| *line != "}");
    let lines: Vec<&str> = body.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    Ok(lines.join("\n"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
