//! `graph`: what stands on what, as a tree, for Graphviz or for Mermaid. Looks at no file.

use std::collections::BTreeSet;

use layerwise::graph::{Graph, TargetParent};
use layerwise::image::Kind;

use crate::args::{self, GraphFormat};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

pub fn run(context: &Context<'_>, typed: &args::Graph) -> Result<Exit, CliError> {
    let graph = context.graph()?;
    let text = match typed.format {
        GraphFormat::Tree => tree(&graph),
        GraphFormat::Dot => dot(&graph),
        GraphFormat::Mermaid => mermaid(&graph),
    };
    context.console.result(text.trim_end());
    Ok(Exit::Done)
}

/// Where the tree begins: images of others, by reference.
fn externals(graph: &Graph) -> BTreeSet<String> {
    let parents = graph.targets.iter().flat_map(|target| &target.parents);
    let externals = parents.filter_map(|parent| match &parent.parent {
        TargetParent::External(reference) | TargetParent::Stable { reference, .. } => {
            Some(reference.to_string())
        }
        TargetParent::Target(_) => None,
    });
    externals.collect()
}

fn on_external(graph: &Graph, reference: &str) -> Vec<usize> {
    let stands = |place: &usize| {
        graph.targets[*place].parents.iter().any(|parent| match &parent.parent {
            TargetParent::External(own) | TargetParent::Stable { reference: own, .. } => {
                own.to_string() == reference
            }
            TargetParent::Target(_) => false,
        })
    };
    (0..graph.targets.len()).filter(stands).collect()
}

/// Each edge once: from a parent's text to a place.
fn edges(graph: &Graph) -> Vec<(Node, usize)> {
    let parents = |place: usize| {
        let nodes: BTreeSet<Node> = graph.targets[place]
            .parents
            .iter()
            .map(|parent| match &parent.parent {
                TargetParent::External(reference) | TargetParent::Stable { reference, .. } => {
                    Node::External(reference.to_string())
                }
                TargetParent::Target(parent) => Node::Target(*parent),
            })
            .collect();
        nodes.into_iter().map(move |node| (node, place))
    };
    (0..graph.targets.len()).flat_map(parents).collect()
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    External(String),
    Target(usize),
}

fn tree(graph: &Graph) -> String {
    let mut text = String::new();
    let mut shown = BTreeSet::new();
    for reference in externals(graph) {
        text.push_str(&format!("{reference}\n"));
        branches(graph, &on_external(graph, &reference), "", &mut shown, &mut text);
    }
    text
}

/// An image with several parents stands below each of them; what stands on it is shown the first time.
fn branches(graph: &Graph, places: &[usize], indent: &str, shown: &mut BTreeSet<usize>, text: &mut String) {
    for (at, &place) in places.iter().enumerate() {
        let last = at + 1 == places.len();
        let label = &graph.targets[place].label;
        let children: Vec<usize> = graph.children(place).collect();
        let first = shown.insert(place);
        let above = if first || children.is_empty() { "" } else { " (see above)" };
        text.push_str(&format!("{indent}{} {label}{above}\n", if last { "└──" } else { "├──" }));
        if first {
            let indent = format!("{indent}{}", if last { "    " } else { "│   " });
            branches(graph, &children, &indent, shown, text);
        }
    }
}

fn dot(graph: &Graph) -> String {
    // Inside double quotes Graphviz knows one escape that could do harm.
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\\\""));
    let mut text = "digraph images {\n    rankdir = LR\n    node [shape = box]\n".to_owned();
    for reference in externals(graph) {
        text.push_str(&format!("    {} [style = dashed]\n", quoted(&reference)));
    }
    for target in &graph.targets {
        let style = if target.image.kind == Kind::Base { " [style = bold]" } else { "" };
        text.push_str(&format!("    {}{style}\n", quoted(&target.label)));
    }
    for (parent, place) in edges(graph) {
        let parent = match &parent {
            Node::External(reference) => reference,
            Node::Target(parent) => &graph.targets[*parent].label,
        };
        text.push_str(&format!("    {} -> {}\n", quoted(parent), quoted(&graph.targets[place].label)));
    }
    text.push_str("}\n");
    text
}

fn mermaid(graph: &Graph) -> String {
    let externals: Vec<String> = externals(graph).into_iter().collect();
    let mut text = "flowchart LR\n".to_owned();
    for (place, reference) in externals.iter().enumerate() {
        text.push_str(&format!("    e{place}([\"{reference}\"])\n"));
    }
    for (place, target) in graph.targets.iter().enumerate() {
        let (open, close) = if target.image.kind == Kind::Base { ("[[", "]]") } else { ("[", "]") };
        text.push_str(&format!("    i{place}{open}\"{}\"{close}\n", target.label));
    }
    for (parent, place) in edges(graph) {
        let parent = match parent {
            Node::External(reference) => {
                format!("e{}", externals.iter().position(|own| *own == reference).unwrap_or_default())
            }
            Node::Target(parent) => format!("i{parent}"),
        };
        text.push_str(&format!("    {parent} --> i{place}\n"));
    }
    text
}
