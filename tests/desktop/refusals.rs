//! What the page may not do, even if something in it went wrong.

use crate::{app::App, world::World};
use serde_json::Value;

/// Answers with the command's outcome, or its refusal.
fn invoke(command: &str) -> String {
    format!(
        "const done = arguments[arguments.length - 1];
         window.__TAURI_INTERNALS__.invoke('{command}', {{}})
           .then(() => done('granted'), (error) => done(String(error)));"
    )
}

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn the_page_has_the_apps_own_commands_and_no_others() {
    let world = World::without_server();
    let app = App::start(&world, "4-refusals").await;
    app.see("//h1").await;
    for command in [
        "plugin:opener|open_path",
        "plugin:opener|open_url",
        "plugin:opener|reveal_item_in_dir",
        "plugin:window|close",
        "plugin:webview|create_webview_window",
        "plugin:event|emit",
        "plugin:path|resolve_directory",
        "plugin:app|version",
        "plugin:deep-link|register",
        "plugin:window-state|save_window_state",
        "plugin:notification|notify",
        "plugin:notification|register_listener",
    ] {
        let outcome = app.run(&invoke(command)).await;
        let text = outcome.as_str().unwrap_or_default();
        assert!(text.contains("not allowed"), "{command}: {text}");
    }
    // The control: one of the app's own.
    assert_eq!(app.run(&invoke("settings")).await, Value::from("granted"));

    // Scripts from elsewhere, inline code and connections to elsewhere are stopped by the content policy.
    let fetched = "const done = arguments[arguments.length - 1];
         fetch('http://127.0.0.1:1/').then(() => done('reached'), (error) => done(String(error)));";
    assert_ne!(app.run(fetched).await, Value::from("reached"));
    let evaluated = "const done = arguments[arguments.length - 1];
         const script = document.createElement('script');
         script.textContent = 'window.ranInline = true';
         document.body.append(script);
         done(window.ranInline === true);";
    assert_eq!(app.run(evaluated).await, Value::from(false));
    app.close().await;
}
