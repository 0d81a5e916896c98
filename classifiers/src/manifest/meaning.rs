//! From the manifest as written to the manifest as meant. A message names the key that is wrong.

use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;

use super::written::{self, Activation, Token, Type};
use super::{
    Aggregate, Category, CategoryReading, Distance, FileRef, Head, Input, Manifest, Model, Novelty, Reading,
    Remote, Template, Windows,
};
use crate::calibrate::Cut;

pub(super) fn take(written: written::Manifest, folder: &Path, digest: String) -> Result<Manifest, String> {
    let written::Manifest { api_version, kind, metadata, spec } = written;
    if api_version != "demur/v1" || kind != "Classifier" {
        return Err(format!("expected `demur/v1` and `Classifier`, found `{api_version}` and `{kind}`"));
    }
    if metadata.name.is_empty() {
        return Err("metadata.name is empty".to_owned());
    }
    let latent = Latent::of(&spec)?;
    let mut outputs = Vec::new();
    let heads = heads(&spec, latent.as_ref(), &mut outputs)?;
    Ok(Manifest {
        folder: folder.to_path_buf(),
        digest: digest.into(),
        name: metadata.name.into(),
        version: metadata.version,
        licence: metadata.licence,
        description: metadata.description,
        novelty: novelty(spec.novelty, folder, &mut outputs)?,
        outputs,
        heads,
        windows: windows(&spec.window, spec.max_tokens)?,
        inputs: inputs(&spec.inputs, spec.type_)?,
        model: model(spec.files.model, &spec.files.external, spec.backend, folder)?,
        tokenizer: file(&spec.files.tokenizer, folder)?,
        centroids: spec.files.centroids.map(|centroids| file(&centroids, folder)).transpose()?,
        template: spec.template.map(|written::Template { before, after }| Template { before, after }),
        data: spec.data,
    })
}

/// The outputs with hidden states; only there when everything a latent guard needs is.
struct Latent {
    inst: String,
    post: String,
}

impl Latent {
    fn of(spec: &written::Spec) -> Result<Option<Self>, String> {
        let parts = [
            ("files.centroids", spec.files.centroids.is_some()),
            ("template", spec.template.is_some()),
            ("hidden", spec.hidden.is_some()),
        ];
        for (key, given) in parts {
            if given && spec.type_ == Type::Encoder {
                return Err(format!("`{key}` belongs to `type: latent_guard`, this is an encoder"));
            }
            if !given && spec.type_ == Type::LatentGuard {
                return Err(format!("`type: latent_guard` needs `{key}`"));
            }
        }
        Ok(spec.hidden.as_ref().map(|hidden| Self { inst: hidden.inst.clone(), post: hidden.post.clone() }))
    }
}

fn heads(
    spec: &written::Spec,
    latent: Option<&Latent>,
    outputs: &mut Vec<String>,
) -> Result<Vec<Head>, String> {
    if spec.heads.is_empty() {
        return Err("there are no heads".to_owned());
    }
    let mut heads: Vec<Head> = Vec::with_capacity(spec.heads.len());
    for written in &spec.heads {
        if heads.iter().any(|other| *other.name == *written.name) {
            return Err(format!("there are two heads `{}`", written.name));
        }
        let head = match latent {
            None => head_of_encoder(written, outputs),
            Some(latent) => head_of_latent(written, latent, outputs),
        };
        heads.push(head.map_err(|message| format!("head `{}`: {message}", written.name))?);
    }
    Ok(heads)
}

fn head_of_encoder(written: &written::Head, outputs: &mut Vec<String>) -> Result<Head, String> {
    if written.at.is_some() || written.positive.is_some() || written.negative.is_some() {
        return Err("`at`, `positive` and `negative` belong to `type: latent_guard`".to_owned());
    }
    let name = written.output.as_ref().ok_or("`output` is missing")?;
    let output = place(outputs, name);
    let reading = match written.activation.ok_or("`activation` is missing")? {
        Activation::Sigmoid if written.labels.len() == 1 => Reading::Binary { output },
        Activation::Sigmoid => return Err("a sigmoid has exactly one label, the positive one".to_owned()),
        Activation::Softmax if written.labels.len() >= 2 => Reading::Classes { output },
        Activation::Softmax => {
            return Err("a softmax has two labels or more, the negative one first".to_owned());
        }
    };
    let category = match &written.category {
        None => None,
        Some(_) if matches!(reading, Reading::Classes { .. }) => {
            return Err("a softmax has its categories among its labels".to_owned());
        }
        Some(category) => {
            let name = category.output.as_ref().ok_or("`category.output` is missing")?;
            if !category.centroids.is_empty() {
                return Err("`category.centroids` belongs to `type: latent_guard`".to_owned());
            }
            let reading = CategoryReading::Logits { output: place(outputs, name) };
            Some(category_of(category, category.labels.iter(), reading)?)
        }
    };
    head(written, reading, category)
}

fn head_of_latent(
    written: &written::Head,
    latent: &Latent,
    outputs: &mut Vec<String>,
) -> Result<Head, String> {
    if written.output.is_some() || written.activation.is_some() {
        return Err("`output` and `activation` belong to `type: encoder`".to_owned());
    }
    if written.labels.len() != 1 {
        return Err("a latent guard's head has exactly one label, the positive one".to_owned());
    }
    let hidden = match written.at.ok_or("`at` is missing: inst or post")? {
        Token::Inst => &latent.inst,
        Token::Post => &latent.post,
    };
    let output = place(outputs, hidden);
    let reading = Reading::Cosine {
        output,
        positive: written.positive.clone().ok_or("`positive` is missing")?,
        negative: written.negative.clone().ok_or("`negative` is missing")?,
    };
    let category = match &written.category {
        None => None,
        Some(category) if category.output.is_some() || !category.labels.is_empty() => {
            return Err("`category.output` and `category.labels` belong to `type: encoder`".to_owned());
        }
        Some(category) => {
            let centroids = category.centroids.values().cloned().collect();
            let reading = CategoryReading::Cosine { output, centroids };
            Some(category_of(category, category.centroids.keys(), reading)?)
        }
    };
    head(written, reading, category)
}

fn head(written: &written::Head, reading: Reading, category: Option<Category>) -> Result<Head, String> {
    let cut = Cut { threshold: written.threshold, abstain: written.abstain };
    cut.check()?;
    Ok(Head {
        name: written.name.as_str().into(),
        labels: labels(written.labels.iter())?,
        reading,
        calibration: written.calibration.check()?,
        cut,
        category,
    })
}

fn category_of<'a>(
    written: &written::Category,
    names: impl Iterator<Item = &'a String>,
    reading: CategoryReading,
) -> Result<Category, String> {
    if !written.temperature.is_finite() || written.temperature <= 0.0 {
        return Err(format!("the category's temperature `{}` is not above 0", written.temperature));
    }
    let labels = labels(names)?;
    if labels.is_empty() {
        return Err("the category has no labels".to_owned());
    }
    Ok(Category { labels, reading, temperature: written.temperature })
}

fn labels<'a>(names: impl Iterator<Item = &'a String>) -> Result<Vec<Arc<str>>, String> {
    let mut labels: Vec<Arc<str>> = Vec::new();
    for name in names {
        if name.is_empty() || labels.iter().any(|label| **label == **name) {
            return Err(format!("the label `{name}` is empty or stands twice"));
        }
        labels.push(name.as_str().into());
    }
    Ok(labels)
}

/// The place of this output, which is added if it is new.
fn place(outputs: &mut Vec<String>, name: &str) -> usize {
    outputs.iter().position(|known| known == name).unwrap_or_else(|| {
        outputs.push(name.to_owned());
        outputs.len() - 1
    })
}

fn windows(written: &written::Window, max_tokens: usize) -> Result<Windows, String> {
    if !(4..=65_536).contains(&max_tokens) {
        return Err(format!("maxTokens is `{max_tokens}`, expected 4 to 65536"));
    }
    if written.overlap > max_tokens / 2 {
        return Err(format!("window.overlap is `{}`, more than half of maxTokens", written.overlap));
    }
    let aggregate = match (written.aggregate, written.head, written.tail) {
        (written::Aggregate::Max, None, None) => Aggregate::Max,
        (written::Aggregate::Max, ..) => {
            return Err("window.head and window.tail belong to `aggregate: headTail`".to_owned());
        }
        (written::Aggregate::HeadTail, Some(0), _) => {
            return Err("window.head is 0: a refusal shows at the beginning".to_owned());
        }
        (written::Aggregate::HeadTail, head, tail) => {
            Aggregate::HeadTail { head: head.unwrap_or(1), tail: tail.unwrap_or(1) }
        }
    };
    Ok(Windows { max_tokens, overlap: written.overlap, aggregate })
}

fn inputs(names: &[String], type_: Type) -> Result<Vec<Input>, String> {
    let known = [Input::InputIds, Input::AttentionMask, Input::TokenTypeIds, Input::Inst, Input::Post];
    let mut inputs = Vec::with_capacity(names.len());
    for name in names {
        let Some(input) = known.into_iter().find(|input| input.name() == name) else {
            let names: Vec<&str> = known.into_iter().map(Input::name).collect();
            return Err(format!("unknown input `{name}`, known are {}", names.join(", ")));
        };
        if inputs.contains(&input) {
            return Err(format!("the input `{name}` stands twice"));
        }
        if type_ == Type::Encoder && !input.per_token() {
            return Err(format!("the input `{name}` belongs to `type: latent_guard`"));
        }
        inputs.push(input);
    }
    // Without the mask a model cannot tell padding from text, and its answer would depend on its neighbours.
    for needed in [Input::InputIds, Input::AttentionMask] {
        if !inputs.contains(&needed) {
            return Err(format!("the input `{}` is missing", needed.name()));
        }
    }
    Ok(inputs)
}

fn model(
    graph: Option<written::File>,
    external: &[written::File],
    backend: Option<written::Backend>,
    folder: &Path,
) -> Result<Model, String> {
    match (graph, backend) {
        (Some(graph), None) => Ok(Model::Local {
            graph: file(&graph, folder)?,
            external: external.iter().map(|weights| file(weights, folder)).collect::<Result<_, _>>()?,
        }),
        (None, Some(written::Backend::Oip(oip))) => Ok(Model::Remote(remote(oip)?)),
        (None, None) => Err("neither `files.model` nor `backend` is given".to_owned()),
        // Two would leave it open which one answers.
        (Some(_), Some(_)) => Err("both `files.model` and `backend` are given".to_owned()),
    }
}

fn remote(oip: written::Oip) -> Result<Remote, String> {
    if !oip.url.starts_with("http://") && !oip.url.starts_with("https://") {
        return Err(format!("backend.oip.url is `{}`, expected http:// or https://", oip.url));
    }
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    if !plain(&oip.model) || !oip.version.as_deref().is_none_or(plain) {
        return Err("backend.oip.model and version are letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok(Remote {
        url: oip.url.trim_end_matches('/').to_owned(),
        model: oip.model,
        version: oip.version,
        timeout: Duration::from_millis(oip.timeout_ms.max(1)),
    })
}

fn novelty(written: written::Novelty, folder: &Path, outputs: &mut Vec<String>) -> Result<Novelty, String> {
    let shares =
        [("outsideLatin", written.outside_latin), ("unknown", written.unknown), ("hidden", written.hidden)];
    for (key, share) in shares {
        if share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err(format!("novelty.{key} is a share, between 0 and 1"));
        }
    }
    if written.fragmentation.is_some_and(|mean| !mean.is_finite() || mean < 1.0) {
        return Err("novelty.fragmentation is tokens in a word, 1 or more".to_owned());
    }
    let distance = match written.distance {
        None => None,
        Some(distance) if !distance.threshold.is_finite() || distance.threshold <= 0.0 => {
            return Err("novelty.distance.threshold is not above 0".to_owned());
        }
        Some(distance) => Some(Distance {
            output: place(outputs, &distance.output),
            file: file(&distance.file, folder)?,
            threshold: distance.threshold,
        }),
    };
    Ok(Novelty {
        outside_latin: written.outside_latin,
        unknown: written.unknown,
        hidden: written.hidden,
        fragmentation: written.fragmentation,
        distance,
    })
}

fn file(written: &written::File, folder: &Path) -> Result<FileRef, String> {
    let path = Path::new(&written.path);
    if written.path.is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("`{}` is not a file in the classifier's folder", written.path));
    }
    let sha256 = written.sha256.to_ascii_lowercase();
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("the sha256 of `{}` is not 64 hexadecimal digits", written.path));
    }
    Ok(FileRef { path: folder.join(path), sha256 })
}
