//! Tests of `python::closure`.

use proptest::prelude::*;

use super::*;
use crate::python::project::tests::project;

fn workspace(projects: &[Project]) -> Workspace {
    Workspace::new(projects.iter().cloned()).unwrap()
}

fn at(name: &str) -> PythonPackage {
    PythonPackage::at(format!("base/{name}"))
}

fn name(text: &str) -> PackageName {
    PackageName::new(text).unwrap()
}

/// `requirements | package package[extra]`.
fn shown(plan: &InstallPlan) -> String {
    let package = |package: &LocalInstall| {
        let extras: Vec<_> = package.extras.iter().map(PackageName::as_str).collect();
        match extras.is_empty() {
            true => package.name.to_string(),
            false => format!("{}[{}]", package.name, extras.join(",")),
        }
    };
    let packages: Vec<_> = plan.packages.iter().map(package).collect();
    format!("{} | {}", plan.requirements.join(" "), packages.join(" "))
}

fn receipts() -> Workspace {
    workspace(&[
        project("receipt-dynamo", &["python-dateutil>=2.9,<3"], &[]),
        project("receipt-chroma", &["receipt_dynamo; python_version > '3'"], &[("s3", &["boto3"])]),
        project(
            "receipt-label",
            &["receipt-dynamo"],
            &[
                ("full", &["Unidecode>=1.3", "receipt_chroma[s3]"]),
                ("fast", &["rapidfuzz"]),
                ("all", &["receipt_label[full,fast]"]),
            ],
        ),
    ])
}

#[test]
fn the_closure_comes_dependencies_first() {
    for (wanted, expected) in [
        (vec![], " | "),
        (vec![at("receipt-dynamo")], "python-dateutil>=2.9,<3 | receipt-dynamo"),
        (vec![at("receipt-label")], "python-dateutil>=2.9,<3 | receipt-dynamo receipt-label"),
        (
            vec![at("receipt-label").extra("full"), at("receipt-label")],
            "Unidecode>=1.3 boto3 python-dateutil>=2.9,<3 | receipt-dynamo receipt-chroma[s3] receipt-label[full]",
        ),
        (
            vec![at("receipt-label").extra("All")],
            "Unidecode>=1.3 boto3 python-dateutil>=2.9,<3 rapidfuzz | receipt-dynamo receipt-chroma[s3] receipt-label[all,fast,full]",
        ),
    ] {
        assert_eq!(shown(&plan(&receipts(), &wanted, &Installed::default()).unwrap()), expected);
    }
}

#[test]
fn what_the_parent_has_is_left_out() {
    let mut parent = Installed::default();
    parent.add(&plan(&receipts(), &[at("receipt-label")], &parent).unwrap());
    for (wanted, expected) in [
        (vec![at("receipt-label"), at("receipt-dynamo")], " | "),
        (vec![at("receipt-chroma")], " | receipt-chroma"),
        (vec![at("receipt-label").extra("fast")], "rapidfuzz | receipt-label[fast]"),
    ] {
        assert_eq!(shown(&plan(&receipts(), &wanted, &parent).unwrap()), expected);
    }
}

#[test]
fn errors_say_who_and_what() {
    let fails = |workspace: &Workspace, wanted: PythonPackage| {
        let error = plan(workspace, &[wanted], &Installed::default()).unwrap_err();
        (error.to_string(), error.hint().unwrap_or_default())
    };
    let (error, hint) = fails(&receipts(), at("receipt-label").extra("ful"));
    assert_eq!(
        error,
        "an image asks for the extra `ful` of base/receipt-label, which has only `all`, `fast`, `full`"
    );
    assert_eq!(hint, "declare it under [project.optional-dependencies] in base/receipt-label/pyproject.toml");
    assert_eq!(fails(&receipts(), at("other")).0, "the package `base/other` was not loaded");

    let asks = workspace(&[project("a", &["b[x]"], &[]), project("b", &[], &[])]);
    assert_eq!(fails(&asks, at("a")).0, "base/a asks for the extra `x` of base/b, which has none");

    let mut lonely = project("a", &["receipt-b", "receipt-c"], &[]);
    lonely.local.insert(name("receipt-b"), Some(RepoPath::new("base/receipt_b").unwrap()));
    let (error, hint) = fails(&workspace(&[lonely]), at("a"));
    assert_eq!(
        error,
        "base/a/pyproject.toml: the dependency `receipt-b` is a local package in base/receipt_b that is not declared"
    );
    assert_eq!(hint, "declare it with PythonPackage::at(\"base/receipt_b\") and install it");
}

#[test]
fn a_cycle_is_shown_without_what_only_leads_to_it() {
    let known = workspace(&[
        project("a", &["d"], &[]),
        project("d", &["c"], &[]),
        project("c", &["b", "e"], &[]),
        project("b", &["d"], &[]),
        project("e", &[], &[]),
    ]);
    let error = plan(&known, &[at("a")], &Installed::default()).unwrap_err();
    assert_eq!(error.to_string(), "local packages depend on each other in a circle: b → d → c → b");
    assert!(plan(&known, &[at("e")], &Installed::default()).is_ok());

    let through_an_extra = workspace(&[project("a", &[], &[("x", &["b"])]), project("b", &["a"], &[])]);
    assert!(plan(&through_an_extra, &[at("b")], &Installed::default()).is_ok());
    assert!(plan(&through_an_extra, &[at("a").extra("x")], &Installed::default()).is_err());
}

const COUNT: usize = 8;

/// Packages `p0`…`p7`; each may depend on lesser ones, always or with its extra `x`, and on third parties.
fn packages() -> impl Strategy<Value = Vec<Project>> {
    let edge = (0..COUNT, any::<bool>(), any::<bool>());
    proptest::collection::vec(proptest::collection::vec(edge, 0..4), COUNT).prop_map(|all| {
        let project = |(from, edges): (usize, Vec<(usize, bool, bool)>)| {
            let mut always = vec![format!("third{from}")];
            let mut extra = vec![format!("extra{from}")];
            for (to, by_extra, with_extra) in edges {
                if to < from {
                    let text = format!("P{to}{}", if with_extra { "[X]" } else { "" });
                    if by_extra { extra.push(text) } else { always.push(text) }
                }
            }
            let always: Vec<_> = always.iter().map(String::as_str).collect();
            let extra: Vec<_> = extra.iter().map(String::as_str).collect();
            project(&format!("p{from}"), &always, &[("x", &extra)])
        };
        all.into_iter().enumerate().map(project).collect()
    })
}

fn wanted() -> impl Strategy<Value = Vec<PythonPackage>> {
    let one = (0..COUNT, any::<bool>()).prop_map(|(number, extra)| {
        let package = at(&format!("p{number}"));
        if extra { package.extra("x") } else { package }
    });
    proptest::collection::vec(one, 0..4)
}

proptest! {
    #[test]
    fn the_order_is_topological_and_closed(projects in packages(), wanted in wanted()) {
        let known = workspace(&projects);
        let plan = plan(&known, &wanted, &Installed::default()).unwrap();
        for (position, package) in plan.packages.iter().enumerate() {
            let project = known.get(&package.name).unwrap();
            let by_extras = package.extras.iter().flat_map(|extra| &project.extras[extra]);
            for requirement in project.dependencies.iter().chain(by_extras) {
                match plan.packages.iter().position(|other| other.name == requirement.name) {
                    Some(before) => {
                        prop_assert!(before < position);
                        prop_assert!(plan.packages[before].extras.is_superset(&requirement.extras));
                    }
                    None => prop_assert!(plan.requirements.contains(&requirement.text)),
                }
            }
        }
    }

    #[test]
    fn no_order_of_declaration_matters(
        (projects, shuffled) in packages().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        (some, other) in wanted().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let none = Installed::default();
        prop_assert_eq!(
            plan(&workspace(&projects), &some, &none).unwrap(),
            plan(&workspace(&shuffled), &other, &none).unwrap()
        );
    }

    #[test]
    fn nothing_is_installed_twice_and_nothing_is_lost(projects in packages(), below in wanted(), above in wanted()) {
        let known = workspace(&projects);
        let mut installed = Installed::default();
        installed.add(&plan(&known, &below, &installed).unwrap());
        prop_assert_eq!(plan(&known, &below, &installed).unwrap(), InstallPlan::default());
        let added = plan(&known, &above, &installed).unwrap();
        for requirement in &added.requirements {
            prop_assert!(!installed.requirements.contains(requirement));
        }
        for package in &added.packages {
            prop_assert!(!installed.has(&package.name, &package.extras));
        }

        installed.add(&added);
        let mut at_once = Installed::default();
        at_once.add(&plan(&known, &[below, above].concat(), &at_once).unwrap());
        prop_assert_eq!(installed, at_once);
    }
}
