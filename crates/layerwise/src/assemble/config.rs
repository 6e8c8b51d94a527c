//! An image's configuration: the parent's, continued. Pure; what we do not know of it stays as it is.

use serde_json::{Map, Value, json};

use super::WhyNot;
use crate::digest::Digest;
use crate::platform::Platform;

/// A configuration as the
/// [OCI image specification](https://github.com/opencontainers/image-spec/blob/main/config.md) has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    whole: Map<String, Value>,
    /// Its part `config`: what a container is started with.
    run: Map<String, Value>,
}

/// When everything of ours was made: [`super::TIME`].
const CREATED: &str = "2000-01-01T00:00:00Z";

impl Config {
    /// Reads the configuration of a parent for `platform`.
    ///
    /// # Errors
    /// [`WhyNot`] for one that cannot be continued.
    pub fn parse(bytes: &[u8], platform: Platform) -> Result<Self, WhyNot> {
        let fail = |why: &str| WhyNot::ParentForm { part: "configuration".to_owned(), why: why.to_owned() };
        let mut whole: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|error| fail(&error.to_string()))?;
        let run = match whole.remove("config") {
            Some(Value::Object(run)) => run,
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err(fail("its `config` is no object")),
        };
        let text = |name: &str| whole.get(name).and_then(Value::as_str).unwrap_or_default();
        let found = format!("{}/{}", text("os"), text("architecture"));
        if found != platform.as_str() {
            return Err(WhyNot::ParentPlatform { found, declared: platform });
        }
        let nothing = |steps: &Value| steps.is_null() || steps.as_array().is_some_and(Vec::is_empty);
        if !run.get("OnBuild").is_none_or(nothing) {
            return Err(WhyNot::OnBuild);
        }
        Ok(Self { whole, run })
    }

    /// The value of an environment variable.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let env = self.run.get("Env")?.as_array()?;
        let value = |entry: &Value| entry.as_str()?.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        env.iter().find_map(value)
    }

    /// In the place of the variable's earlier value, else at the end.
    pub(super) fn set_variable(&mut self, name: &str, value: &str) {
        let env = self.run.entry("Env").or_insert_with(|| json!([]));
        if !env.is_array() {
            *env = json!([]);
        }
        let Some(env) = env.as_array_mut() else { return };
        let is_of_it = |entry: &&mut Value| {
            entry.as_str().and_then(|entry| entry.split('=').next()).is_some_and(|other| other == name)
        };
        let text = Value::from(format!("{name}={value}"));
        match env.iter_mut().find(is_of_it) {
            Some(entry) => *entry = text,
            None => env.push(text),
        }
    }

    /// Sets a label.
    pub fn set_label(&mut self, name: &str, value: &str) {
        put(&mut self.run, "Labels", name, Value::from(value));
    }

    pub(super) fn expose(&mut self, port: u16) {
        put(&mut self.run, "ExposedPorts", &format!("{port}/tcp"), json!({}));
    }

    pub(super) fn workdir(&self) -> String {
        self.text("WorkingDir")
    }

    pub(super) fn set_workdir(&mut self, folder: &str) {
        self.run.insert("WorkingDir".to_owned(), folder.into());
    }

    pub(super) fn user(&self) -> String {
        self.text("User")
    }

    pub(super) fn set_user(&mut self, user: &str) {
        self.run.insert("User".to_owned(), user.into());
    }

    /// A command that came with the parent belongs to the parent's entry point.
    pub(super) fn set_entrypoint(&mut self, words: &[String]) {
        self.run.insert("Entrypoint".to_owned(), words.into());
        self.run.remove("Cmd");
    }

    pub(super) fn set_cmd(&mut self, words: &[String]) {
        self.run.insert("Cmd".to_owned(), words.into());
    }

    /// Adds an instruction to the history: without one for each layer, Lambda refuses the image.
    pub(super) fn tell(&mut self, instruction: &str, makes_layer: bool) {
        let mut entry = json!({ "created": CREATED, "created_by": instruction, "comment": "layerwise" });
        if !makes_layer {
            entry["empty_layer"] = true.into();
        }
        list(&mut self.whole, "history").push(entry);
    }

    /// The bytes of the configuration of an image whose own layers are, uncompressed, these.
    #[must_use]
    pub fn bytes(&self, layers: &[Digest]) -> Vec<u8> {
        let mut whole = self.whole.clone();
        whole.insert("created".to_owned(), CREATED.into());
        // What a builder left of its own.
        for of_the_parent in
            ["id", "container", "container_config", "docker_version", "moby.buildkit.buildinfo.v1"]
        {
            whole.remove(of_the_parent);
        }
        let rootfs = whole.entry("rootfs").or_insert_with(|| json!({ "type": "layers" }));
        if let Some(rootfs) = rootfs.as_object_mut() {
            list(rootfs, "diff_ids").extend(layers.iter().map(|digest| Value::from(digest.to_string())));
        }
        whole.insert("config".to_owned(), Value::Object(self.run.clone()));
        serde_json::to_vec(&sorted(Value::Object(whole)))
            .unwrap_or_else(|error| unreachable!("JSON has a JSON form: {error}"))
    }

    fn text(&self, name: &str) -> String {
        self.run.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

fn put(map: &mut Map<String, Value>, of: &str, name: &str, value: Value) {
    let inner = map.entry(of).or_insert_with(|| json!({}));
    if !inner.is_object() {
        *inner = json!({});
    }
    if let Some(inner) = inner.as_object_mut() {
        inner.insert(name.to_owned(), value);
    }
}

fn list<'a>(map: &'a mut Map<String, Value>, name: &str) -> &'a mut Vec<Value> {
    let list = map.entry(name).or_insert_with(|| json!([]));
    if !list.is_array() {
        *list = json!([]);
    }
    match list {
        Value::Array(list) => list,
        _ => unreachable!("it has just been made one"),
    }
}

/// With the names of every object in order: whether they are kept so depends on who else uses the JSON library.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = r#"{"os":"linux","architecture":"amd64","created":"2025-01-01T00:00:00Z","container":"x",
        "config":{"Env":["PATH=/bin","A=1"],"Cmd":["old"],"StopSignal":"SIGTERM","OnBuild":null},
        "rootfs":{"type":"layers","diff_ids":["sha256:0"]},"history":[{"created_by":"parent"}]}"#;

    fn parsed(text: &str) -> Result<Config, WhyNot> {
        Config::parse(text.as_bytes(), Platform::LinuxAmd64)
    }

    #[test]
    fn the_parents_configuration_is_continued() {
        let mut config = parsed(PARENT).unwrap();
        config.set_variable("A", "2");
        config.set_variable("PATH2", "/x");
        config.set_label("team", "data");
        config.expose(8080);
        config.set_workdir("/srv");
        config.set_user("app");
        config.set_entrypoint(&["/run".to_owned()]);
        config.tell("COPY a b", true);
        config.tell("CMD x", false);
        assert_eq!(config.variable("PATH").as_deref(), Some("/bin"));
        let bytes = config.bytes(&[Digest::of("layer")]);
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn what_cannot_be_continued_is_left_to_buildkit() {
        let on_build = PARENT.replace("\"OnBuild\":null", "\"OnBuild\":[\"RUN x\"]");
        assert_eq!(parsed(&on_build), Err(WhyNot::OnBuild));
        let arm = PARENT.replace("amd64", "arm64");
        assert!(matches!(parsed(&arm), Err(WhyNot::ParentPlatform { .. })));
        for broken in ["", "[]", r#"{"os":"linux","architecture":"amd64","config":1}"#] {
            assert!(matches!(parsed(broken), Err(WhyNot::ParentForm { .. })), "{broken}");
        }
    }
}
