//! The choices of the `docker` CLI.

use super::*;

struct Home {
    _guard: tempfile::TempDir,
    folder: Utf8PathBuf,
}

impl Home {
    fn new() -> Self {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
        Self { _guard: guard, folder }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn context(&self, name: &str, endpoint: &str) {
        let path = format!(".docker/contexts/meta/{}/meta.json", Digest::of(name).hex());
        self.write(
            &path,
            &format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{endpoint}}}}}"#),
        );
    }

    fn discover(&self, variables: &[(&str, &str)]) -> Result<Endpoint, EngineError> {
        let home = [("HOME", self.folder.as_str())];
        Endpoint::discover(&home.iter().chain(variables).copied().collect())
    }
}

#[test]
fn the_variable_wins_then_the_context_of_the_variable_then_the_current_one() {
    let home = Home::new();
    home.write(".docker/config.json", r#"{"auths": {}, "currentContext": "here"}"#);
    home.context("here", r#"{"Host": "unix:///here.sock"}"#);
    home.context("there", r#"{"Host": "tcp://there:2376", "SkipTLSVerify": true}"#);
    let host = |variables: &[_]| home.discover(variables).map(|endpoint| (endpoint.host, endpoint.chosen_by));
    let answer = |host: &str, by: &str| Ok((host.to_owned(), by.to_owned()));
    assert_eq!(
        host(&[("DOCKER_HOST", "unix:///a.sock"), ("DOCKER_CONTEXT", "there")]),
        answer("unix:///a.sock", "DOCKER_HOST")
    );
    assert_eq!(
        host(&[("DOCKER_CONTEXT", "there")]),
        answer("tcp://there:2376", "the docker context \"there\"")
    );
    assert_eq!(host(&[("DOCKER_HOST", "")]), answer("unix:///here.sock", "the docker context \"here\""));
}

#[test]
fn tls_comes_with_the_variable_or_with_the_context() {
    let home = Home::new();
    let tcp = ("DOCKER_HOST", "tcp://a:2376");
    let tls = |variables: &[_]| home.discover(variables).unwrap().tls;
    let docker = home.folder.join(".docker");
    assert_eq!(tls(&[tcp]), None);
    assert_eq!(
        tls(&[tcp, ("DOCKER_TLS_VERIFY", "1")]),
        Some(TlsFiles { folder: docker.clone(), verify: true })
    );
    assert_eq!(
        tls(&[tcp, ("DOCKER_TLS", "1"), ("DOCKER_CERT_PATH", "/certs")]),
        Some(TlsFiles { folder: "/certs".into(), verify: false })
    );
    home.context("there", r#"{"Host": "tcp://there:2376"}"#);
    assert_eq!(tls(&[("DOCKER_CONTEXT", "there")]), None);
    let folder = format!("contexts/tls/{}/docker", Digest::of("there").hex());
    home.write(&format!(".docker/{folder}/ca.pem"), "");
    assert_eq!(
        tls(&[("DOCKER_CONTEXT", "there")]),
        Some(TlsFiles { folder: docker.join(folder), verify: true })
    );
}

#[test]
fn a_context_that_cannot_be_used_is_an_error_not_another_engine() {
    let home = Home::new();
    home.context("broken", "{}");
    for name in ["none", "broken"] {
        let error = home.discover(&[("DOCKER_CONTEXT", name)]).unwrap_err();
        assert!(matches!(&error, EngineError::Context { name: n, .. } if n == name), "{error}");
    }
}

#[test]
fn the_sockets_of_rootless_engines_are_tried_after_the_usual_one() {
    let home = Home::new();
    if !Utf8Path::new("/var/run/docker.sock").exists() {
        let run = home.folder.join("run");
        let variables = [("XDG_RUNTIME_DIR", run.as_str()), ("DOCKER_CONTEXT", "default")];
        let EngineError::NotFound { looked } = home.discover(&variables).unwrap_err() else { panic!() };
        assert_eq!(looked.len(), 3);
        home.write("run/docker.sock", "");
        assert_eq!(home.discover(&variables).unwrap().host, format!("unix://{run}/docker.sock"));
    }
}
