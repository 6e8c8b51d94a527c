//! `invoke`: Lambdas run on this machine and answer.

use fs_err as fs;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::checkout::Checkout;
use crate::world::{Said, World};

const PING: &str = "lambdas/ping/handler.py";

/// The containers that this checkout has now.
pub fn containers(checkout: &Checkout<'_>) -> Result<Vec<String>, Failed> {
    let label = format!("label=io.layerwise.checkout={}", checkout.root);
    let format = "{{.ID}} {{.Label \"io.layerwise.function\"}}";
    let listed = checkout.world.docker(&["ps", "--all", "--filter", &label, "--format", format])?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn answer(said: &Said) -> Result<Value, Failed> {
    serde_json::from_str(&said.stdout)
        .map_err(|error| format!("{error}: {}\n{}", said.stdout, said.stderr).into())
}

pub fn invoking_answers_what_the_sources_say(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke")?;
    let said = checkout.run(&["invoke", "local-ping", "--event", "{\"ping\": 1}"])?;
    assert_eq!((said.code, answer(&said)?), (0, json!({"pong": 1})), "{}", said.stderr);
    // It was built for that, and is not built again.
    assert!(checkout.builds() > 0 && said.stderr.contains("Built local-ping"), "{}", said.stderr);

    fs::write(checkout.root.join("event.json"), "{\"ping\": \"file\"}")?;
    let said = checkout.run(&["invoke", "local-ping", "--event", "event.json"])?;
    assert_eq!((said.code, answer(&said)?), (0, json!({"pong": "file"})), "{}", said.stderr);
    assert!(said.stderr.contains("Answered local-ping in "), "{}", said.stderr);
    assert_eq!((checkout.builds(), said.stderr.contains("Planned")), (0, false), "{}", said.stderr);

    checkout.write(
        PING,
        "def lambda_handler(event, context):\n    print('heard', event)\n    return context.function_name\n",
    );
    let said = checkout.run(&["invoke", "local-ping"])?;
    assert_eq!((said.code, answer(&said)?), (0, json!("local-ping")), "{}", said.stderr);
    assert!(said.stderr.contains("\nheard {}\n"), "{}", said.stderr);
    assert!(!said.stderr.contains("RequestId"), "{}", said.stderr);
    let quiet = checkout.run(&["invoke", "local-ping", "--quiet"])?;
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("\"local-ping\"\n", ""));
    assert_eq!(containers(&checkout)?, [""; 0]);
    Ok(())
}

pub fn an_invoked_functions_error_is_exit_code_1(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke-errors")?;
    let fails = |source: &str, event: &str, told: &[&str]| -> Result<(), Failed> {
        checkout.write(PING, source);
        let said = checkout.run(&["invoke", "local-ping", "--event", event])?;
        assert_eq!(said.code, 1, "{}", said.stderr);
        let error =
            said.stderr.split("error: `local-ping` failed after ").nth(1).ok_or(said.stderr.clone())?;
        for part in told {
            assert!(error.contains(part), "{part} is not in {error}");
        }
        Ok(())
    };
    let handler = "def lambda_handler(event, context):\n";
    fails(
        &format!("{handler}    raise ValueError('too small')\n"),
        "{}",
        &["ValueError: too small", "handler.py\", line 2"],
    )?;
    fails(&format!("{handler}    return (\n"), "{}", &["Runtime.UserCodeSyntaxError", "handler.py, line 2"])?;
    fails(
        &format!("import no_such_module\n{handler}    return 1\n"),
        "{}",
        &["Runtime.ImportModuleError", "no_such_module"],
    )?;
    fails(&format!("import os\n{handler}    os._exit(7)\n"), "{}", &["Runtime.ExitError", "exit status 7"])?;
    assert_eq!(containers(&checkout)?, [""; 0]);
    Ok(())
}

/// `upload-images` declares a timeout, a memory and a variable.
pub fn what_is_declared_for_this_machine_holds_in_an_invocation(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke-declared")?;
    let source = "import os, time\n\
                  def lambda_handler(event, context):\n    \
                      time.sleep(event.get('sleep', 0))\n    \
                      return [os.environ['STAGE'], context.memory_limit_in_mb, context.get_remaining_time_in_millis() <= 5000]\n";
    checkout.write("lambdas/upload_images/handler.py", source);
    let said = checkout.run(&["invoke", "local-upload-images"])?;
    assert_eq!((said.code, answer(&said)?), (0, json!(["local", "256", true])), "{}", said.stderr);
    let said = checkout.run(&["invoke", "local-upload-images", "--event", "{\"sleep\": 3000}"])?;
    assert_eq!((said.code, &answer(&said)?["errorType"]), (1, &json!("Sandbox.Timedout")), "{}", said.stderr);
    assert!(said.stderr.contains("Task timed out after 5.00 seconds"), "{}", said.stderr);
    Ok(())
}

pub fn invoked_samples_are_held_against_their_answers(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke-samples")?;
    for name in ["local-ping", "local-poll-words"] {
        let said = checkout.run(&["invoke", name, "--all-events"])?;
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(said.stdout.starts_with("as-expected  sample  "), "{}", said.stdout);
    }
    checkout.write("lambdas/ping/events/other.json", "{\"ping\": [1]}");
    checkout.write("lambdas/ping/events/wrong.json", "{\"ping\": 2}");
    checkout.write("lambdas/ping/events/wrong.expected.json", "{\"pong\": 3}");
    let said = checkout.run(&["invoke", "local-ping", "--all-events"])?;
    assert_eq!(said.code, 1, "{}", said.stderr);
    let words: Vec<Vec<&str>> =
        said.stdout.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(words, [["answered", "other"], ["as-expected", "sample"], ["differs", "wrong"]]);
    for part in ["to `wrong` is not the expected one", "expected  {\"pong\":3}", "answered  {\"pong\": 2}"] {
        assert!(said.stderr.contains(part), "{part} is not in {}", said.stderr);
    }
    Ok(())
}

pub fn many_invocations_run_in_several_containers(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke-load")?;
    let said = checkout.run(&["invoke", "local-ping", "--count", "20", "--concurrency", "3"])?;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.starts_with("20 answers, 0 errors; min "), "{}", said.stdout);
    checkout.write(PING, "def lambda_handler(event, context):\n    raise ValueError('no')\n");
    let said = checkout.run(&["invoke", "local-ping", "--count", "3"])?;
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.stdout.starts_with("3 answers, 3 errors; min "), "{}", said.stdout);
    assert!(said.stderr.contains("error: `local-ping` failed 3 times: ValueError: no"), "{}", said.stderr);
    assert_eq!(containers(&checkout)?, [""; 0]);
    Ok(())
}

pub fn an_interrupted_invocation_leaves_no_container(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke-interrupted")?;
    // The function is what says that it is asked: it prints, and never answers.
    let handler =
        "import time\ndef lambda_handler(event, context):\n    print('asked')\n    time.sleep(3000)\n";
    checkout.write(PING, handler);
    let script = "exec 3>&1; \"$@\" 2>&1 >&3 | while read -r line; do echo \"$line\" >&2; \
                  [ \"$line\" = asked ] && kill -INT $(cat \"$0\"); done; exit 0";
    let pid = checkout.root.join("pid");
    let starter = "echo $$ > \"$0\"; exec \"$@\"";
    let words = ["/bin/sh", "-c", script, pid.as_str(), "/bin/sh", "-c", starter, pid.as_str()];
    let said = world.run(&checkout.below(&words, &["invoke", "local-ping"]))?;
    assert!(said.stderr.contains("Stopping the function"), "{}", said.stderr);
    assert_eq!(said.stdout, "");
    assert_eq!(containers(&checkout)?, [""; 0]);
    Ok(())
}

/// A run that was killed has no chance to tidy up: the next one does.
pub fn what_a_killed_invocation_left_is_removed_by_the_next(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke-killed")?;
    let handler = "import time\ndef lambda_handler(event, context):\n    print('asked')\n    time.sleep(event.get('sleep', 0))\n";
    checkout.write(PING, handler);
    let script = "\"$@\" 2>&1 | while read -r line; do [ \"$line\" = asked ] && kill -KILL $(cat \"$0\"); done; exit 0";
    let pid = checkout.root.join("pid");
    let starter = "echo $$ > \"$0\"; exec \"$@\"";
    let words = ["/bin/sh", "-c", script, pid.as_str(), "/bin/sh", "-c", starter, pid.as_str()];
    world.run(&checkout.below(&words, &["invoke", "local-ping", "--event", "{\"sleep\": 3000}"]))?;
    assert_eq!(containers(&checkout)?.len(), 1);
    checkout.run(&["invoke", "local-ping"])?.ok()?;
    assert_eq!(containers(&checkout)?, [""; 0]);
    Ok(())
}

pub fn what_cannot_be_invoked_is_said_before_an_engine_is_needed(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "invoke-wrong")?;
    for (arguments, told) in [
        (vec!["local-pong"], "did you mean `local-ping`?"),
        (vec!["local-base-receipt-label"], "is no Lambda image"),
        (vec!["*poll-*"], "names 2 Lambdas: local-poll-lines, local-poll-words"),
        (vec!["local-ping", "--event", "no-such-file"], "cannot read the event `no-such-file`"),
        (vec!["local-ping", "--event", "{\"a\": "], "is not JSON: EOF while parsing"),
    ] {
        let arguments = [vec!["invoke"], arguments].concat();
        let said = world.run(&checkout.command(&arguments).env("DOCKER_HOST", "unix:///nowhere"))?;
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains(told), "{told} is not in {}", said.stderr);
    }
    fs::remove_dir_all(checkout.root.join("lambdas/ping/events"))?;
    let said = checkout.run(&["invoke", "local-ping", "--all-events"])?;
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stderr.contains("`lambdas/ping/events`"), "{}", said.stderr);
    let said =
        world.run(&checkout.command(&["invoke", "local-ping"]).env("DOCKER_HOST", "tcp://192.0.2.1:2375"))?;
    assert_eq!(said.code, 3, "{}", said.stderr);
    Ok(())
}
