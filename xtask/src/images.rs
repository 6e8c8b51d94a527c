//! The images of this monorepo. A new Lambda is three lines here and one folder under `lambdas/`.

use layerwise::image::{BaseImage, Declare, Images, LambdaImage, lambda_python};
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;

/// Every base image and Lambda image.
pub fn images() -> Images {
    let dynamo = PythonPackage::at("base-images/receipt_dynamo");
    let chroma = PythonPackage::at("base-images/receipt_chroma");
    let label = PythonPackage::at("base-images/receipt_label");

    let base_dynamo = BaseImage::new("base-receipt-dynamo").from(lambda_python("3.13")).install(&dynamo);
    let base_label = BaseImage::new("base-receipt-label").from(&base_dynamo).install(label.extra("full"));

    const STEPS: &str = "lambdas/embedding_step_functions";
    let steps = |path: &str| format!("{STEPS}/{path}");

    Images::new(Platform::LinuxAmd64)
        .lambda(
            LambdaImage::new("list-pending")
                .from(&base_dynamo)
                .requirements(steps("list_pending/requirements.txt"))
                .copy_as(steps("shared/batching.py"), "shared/")
                .copy_as(steps("list_pending_handler.py"), "handler.py")
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("find-unembedded")
                .from(&base_dynamo)
                .copy_as(steps("shared/batching.py"), "shared/")
                .copy(steps("find_unembedded/handler.py"))
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("submit-openai")
                .from(&base_label)
                .copy(steps("submit_openai/handler.py"))
                .env("EMBEDDING_MODEL", "text-embedding-3-small")
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("poll-lines")
                .from(&base_dynamo)
                .copy_dir(steps("polling/utils"))
                .copy_as(steps("polling/handlers/lines.py"), "handlers/")
                .cmd("handlers.lines.lambda_handler")
                .events(steps("polling/poll_lines/events")),
        )
        .lambda(
            LambdaImage::new("poll-words")
                .from(&base_label)
                .copy_dir(steps("polling/utils"))
                .copy_as(steps("polling/handlers/words.py"), "handlers/")
                .cmd("handlers.words.lambda_handler")
                .events(steps("polling/poll_words/events")),
        )
        .lambda(
            LambdaImage::new("compaction")
                .from(&base_dynamo)
                .install(&chroma)
                .copy(steps("compaction/handler.py"))
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("create-labels")
                .from(&base_label)
                .copy("lambdas/create_labels/handler.py")
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("validate-pending-labels")
                .from(&base_label)
                .copy("lambdas/validate_pending_labels/summary.py")
                .copy("lambdas/validate_pending_labels/handler.py")
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("upload-images")
                .from(&base_dynamo)
                .copy_dir("lambdas/upload_images/assets")
                .copy("lambdas/upload_images/dimensions.py")
                .copy("lambdas/upload_images/handler.py")
                .cmd("handler.lambda_handler")
                .timeout(5)
                .memory(256)
                .local_env("STAGE", "local"),
        )
        .lambda(
            LambdaImage::new("ping")
                .from(lambda_python("3.13"))
                .copy("lambdas/ping/handler.py")
                .cmd("handler.lambda_handler"),
        )
}
