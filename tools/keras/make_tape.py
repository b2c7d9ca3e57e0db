#!/usr/bin/env python3
"""Writes a parity tape and what Keras makes of it.

A tape fixes everything random of a few training steps: of a GAN real images,
noise and the discriminator's dropout masks, of the classifier images and their
labels. Keras runs the steps from given weights;
`dcgan_cuda replay` runs the same steps and must give the same numbers
(tools/keras/compare.py).

    make_tape.py --preset dcgan --steps 4 --batch 16 \
        --weights W.safetensors --tape T.safetensors --result R.safetensors

What is in a tape, for S steps of B images, and in the result:

    real    [S, B, height, width, channels] f32 in [-1, 1]
    noise   [S, B, latent] f32: one draw per step, for all of its passes
    mask.real.dropout<n>, mask.fake.dropout<n>   u8, 1 = keep, of the n-th
            dropout layer: [S, B, units] or [S, B, height, width, channels]
    loss.generator, loss.discriminator [S], the first step's images `fake` and
    gradients `grad.<name>`, the last step's `<name>`, `adam.m.<name>`,
    `adam.v.<name>`

Of the preset classifier there are instead

    images  [S, B, height, width, channels] f32 in [0, 1]
    labels  [S, B] f32: the classes, from 0
    loss, accuracy [S], and gradients, weights and moments as above

With P > 1 discriminator steps per step (vanilla-64) the discriminator passes P
times over real and generated images, with an update after each, and once more
over the same generated ones for the generator. So mask.real.dropout<n> is
[S, P, B, ...] and mask.fake.dropout<n> [S, P + 1, B, ...], the generator's pass
last; loss.discriminator and the discriminator's gradients are those of pass P.

--set KEY=VALUE changes a setting of the preset; `dcgan_cuda replay` needs the
same. Presets on 28x28 take images of Fashion-MNIST, those on colour pictures
made-up ones.

--fixture F writes one small file for the test suite instead: inputs packed, and
of each result tensor 64 entries and the largest absolute value. Those of the
suite are made with --steps 3 --batch 4 --seed 2 and

    --preset vanilla, dcgan, tf-tutorial, classifier
    --preset vanilla --set width=0.125 --set label_smoothing=0.3
    --preset vanilla-64 --set width=0.015625 --seed 33
"""
import argparse
import gzip
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

import classifier

KEEP = 0.7
NOTEBOOK = {"image": (28, 28, 1), "latent": 100, "slope": 0.3, "width": 1.0, "beta1": 0.5,
            "rate_generator": 2e-4, "rate_discriminator": 2e-4, "label_smoothing": 0.0,
            "discriminator_steps": 1}
PRESETS = {
    "vanilla": NOTEBOOK,
    "dcgan": NOTEBOOK | {"rate_generator": 7e-5},
    "tf-tutorial": NOTEBOOK | {"rate_generator": 1e-4, "rate_discriminator": 1e-4, "beta1": 0.9},
    "vanilla-64": NOTEBOOK | {"image": (64, 64, 3), "latent": 64, "slope": 0.2,
                              "label_smoothing": 0.1, "discriminator_steps": 2},
    "classifier": {"image": (28, 28, 1), "width": 1.0},
}
SETTABLE = {"width": float, "label_smoothing": float, "discriminator_steps": int, "latent": int}


def draws(name, count):
    """64 bits per index: splitmix64(fnv1a64(name) + index)."""
    with np.errstate(over="ignore"):
        seed = np.uint64(0xCBF29CE484222325)
        for byte in name.encode():
            seed = (seed ^ np.uint64(byte)) * np.uint64(0x100000001B3)
        z = seed + np.arange(count, dtype=np.uint64)
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def made_up_images(shape):
    """Bytes; tests/train/recipe.h is the twin."""
    return (draws("real_u8", int(np.prod(shape))) >> np.uint64(56)).astype(np.uint8).reshape(shape)


def recipe(name, shape):
    """Weights that depend on name and index alone; tests/train/recipe.h is its twin.

    u = top 24 bits of the name's draw at the index * 2^-24.
    """
    count = int(np.prod(shape))
    u = (draws(name, count) >> np.uint64(40)).astype(np.float64) * 2.0**-24
    kind = name.rsplit(".", 1)[1]
    if kind == "kernel":
        fans = count // shape[-1] + count // shape[-2]
        value = (2 * u - 1) * np.sqrt(6.0 / fans)
    elif kind in ("bias", "beta"):
        value = (2 * u - 1) * 0.1
    elif kind == "gamma":
        value = 1 + (2 * u - 1) * 0.2
    else:
        value = np.full(count, 1.0 if kind == "moving_variance" else 0.0)
    return value.astype(np.float32).reshape(shape)


def mask_shapes(preset, settings):
    """Of the discriminator's dropout layers."""
    hidden = hidden_sizes(settings)
    return {"vanilla": [(hidden(n),) for n in (512, 256, 128)],
            "vanilla-64": [(hidden(n),) for n in (4096, 1024, 256)],
            "dcgan": [(14, 14, hidden(32)), (7, 7, hidden(64))],
            "tf-tutorial": [(14, 14, hidden(64)), (7, 7, hidden(128))],
            "modern": []}[preset]


def hidden_sizes(settings):
    return lambda count: max(1, int(count * settings["width"] + 0.5))


def build(preset, settings):
    """Generator and discriminator; the latter takes [images, masks ...] and gives logits."""
    import keras
    from keras import layers

    leaky = lambda: layers.LeakyReLU(negative_slope=settings["slope"])
    hidden = hidden_sizes(settings)
    noise = keras.Input((settings["latent"],))
    image = keras.Input(settings["image"])
    masks = []

    def drop(x):
        mask = keras.Input(x.shape[1:])
        masks.append(mask)
        return layers.Lambda(lambda a: a[0] * a[1] / KEEP)([x, mask])

    if preset in ("vanilla", "vanilla-64"):
        large = preset == "vanilla-64"
        x = noise
        for units in (256, 1024, 4096) if large else (128, 256, 512):
            x = leaky()(layers.Dense(hidden(units))(x))
        x = layers.Dense(int(np.prod(settings["image"])))(x)
        if large:
            x = leaky()(x)
        x = layers.Reshape(settings["image"])(layers.Activation("tanh")(x))
        y = layers.Flatten()(image)
        for units in (4096, 1024, 256) if large else (512, 256, 128):
            y = drop(leaky()(layers.Dense(hidden(units))(y)))
    else:
        n = 32 if preset == "dcgan" else 64
        channels = hidden(4 * n)
        x = layers.Dense(49 * channels, use_bias=preset == "dcgan")(noise)
        x = leaky()(layers.BatchNormalization()(x))
        x = layers.Reshape((7, 7, channels))(x)
        for filters, stride in ((2 * n, 1), (n, 2)):
            x = layers.Conv2DTranspose(hidden(filters), 5, stride, padding="same",
                                       use_bias=False)(x)
            x = leaky()(layers.BatchNormalization()(x))
        x = layers.Conv2DTranspose(1, 5, 2, padding="same", use_bias=False, activation="tanh")(x)
        y = image
        for filters in (n, 2 * n):
            y = drop(leaky()(layers.Conv2D(hidden(filters), 5, 2, padding="same")(y)))
        y = layers.Flatten()(y)
    logits = layers.Dense(1)(y)
    return keras.Model(noise, x), keras.Model([image] + masks, logits)


def models_of(preset, settings):
    """By the networks' names."""
    if preset == "classifier":
        return {"classifier": classifier.build(settings)}
    return dict(zip(("generator", "discriminator"), build(preset, settings)))


def names_of(network, model):
    """{variable path: the project's name}, layers counted per kind from 1."""
    kinds = {"Dense": "dense", "Conv2D": "conv", "Conv2DTranspose": "conv_transpose",
             "BatchNormalization": "batch_norm"}
    counts, names = {}, {}
    for layer in model.layers:
        kind = kinds.get(type(layer).__name__)
        if not kind:
            continue
        counts[kind] = counts.get(kind, 0) + 1
        for variable in layer.weights:
            names[variable.path] = f"{network}.{kind}{counts[kind]}.{variable.name}"
    return names


def read_images(directory):
    path = os.path.join(directory, "train-images-idx3-ubyte.gz")
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)


class Run:
    """The training steps of the originals, on given masks."""

    def __init__(self, preset, settings, weights):
        import keras

        self.models = models_of(preset, settings)
        self.names = {}
        for network, model in self.models.items():
            self.names.update(names_of(network, model))
            for variable in model.weights:
                variable.assign(weights[self.names[variable.path]])
        self.optimisers = {
            n: keras.optimizers.Adam(settings["rate_" + n], beta_1=settings["beta1"])
            for n in self.models}
        # Keras smooths both of its targets, 1 to 1 - s / 2 and 0 to s / 2.
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True,
                                                   label_smoothing=settings["label_smoothing"])
        self.passes = settings["discriminator_steps"]

    def update(self, network, gradients):
        variables = self.models[network].trainable_variables
        self.optimisers[network].apply_gradients(zip(gradients, variables))

    def judge(self, images, masks):
        return self.models["discriminator"]([images] + masks, training=True)

    def discriminator_loss(self, on_real, on_fake):
        import tensorflow as tf

        return (self.bce(tf.ones_like(on_real), on_real)
                + self.bce(tf.zeros_like(on_fake), on_fake))

    def generator_loss(self, on_fake):
        import tensorflow as tf

        return self.bce(tf.ones_like(on_fake), on_fake)

    def simultaneous_step(self, real, noise, real_masks, fake_masks):
        """The notebook's and the tutorial's: both gradients are taken before either update."""
        import tensorflow as tf

        with tf.GradientTape(persistent=True) as tape:
            fake = self.models["generator"](noise, training=True)
            on_real, on_fake = self.judge(real, real_masks), self.judge(fake, fake_masks)
            loss = {"discriminator": self.discriminator_loss(on_real, on_fake),
                    "generator": self.generator_loss(on_fake)}
        gradients = {n: tape.gradient(loss[n], self.models[n].trainable_variables)
                     for n in self.models}
        for n in self.models:
            self.update(n, gradients[n])
        return fake, loss, gradients

    def alternating_step(self, real, noise, real_masks, fake_masks):
        """Several discriminator updates, then the generator against the updated discriminator;
        masks have a list per pass."""
        import tensorflow as tf

        loss, gradients = {}, {}
        with tf.GradientTape() as whole:
            fake = self.models["generator"](noise, training=True)
            for on_pass in range(self.passes):
                with tf.GradientTape() as tape:
                    loss["discriminator"] = self.discriminator_loss(
                        self.judge(real, real_masks[on_pass]),
                        self.judge(fake, fake_masks[on_pass]))
                gradients["discriminator"] = tape.gradient(
                    loss["discriminator"], self.models["discriminator"].trainable_variables)
                self.update("discriminator", gradients["discriminator"])
            loss["generator"] = self.generator_loss(self.judge(fake, fake_masks[self.passes]))
        gradients["generator"] = whole.gradient(loss["generator"],
                                                self.models["generator"].trainable_variables)
        self.update("generator", gradients["generator"])
        return fake, loss, gradients


def run(preset, settings, weights, tape):
    """Runs the tape's steps; returns the replay result."""
    import keras
    import tensorflow as tf

    if preset == "classifier":
        (model,) = models_of(preset, settings).values()
        return classifier.run(model, names_of(preset, model), weights, tape)
    training = Run(preset, settings, weights)
    cast = lambda values: tf.cast(values, keras.backend.floatx())

    def masks_of(half, step):
        """Per dropout layer; with several passes a list of such lists."""
        masks = [tape[k][step] for k in sorted(tape) if k.startswith(f"mask.{half}.")]
        if training.passes == 1:
            return [cast(m) for m in masks]
        return [[cast(m[on_pass]) for m in masks] for on_pass in range(len(masks[0]))]

    take = training.simultaneous_step if training.passes == 1 else training.alternating_step
    result = {"loss.generator": [], "loss.discriminator": []}
    for step in range(len(tape["real"])):
        fake, loss, gradients = take(cast(tape["real"][step]), cast(tape["noise"][step]),
                                     masks_of("real", step), masks_of("fake", step))
        for n, model in training.models.items():
            result["loss." + n].append(float(loss[n]))
            if step > 0:
                continue
            result["fake"] = fake.numpy()
            for variable, gradient in zip(model.trainable_variables, gradients[n]):
                result["grad." + training.names[variable.path]] = gradient.numpy()
    for n, model in training.models.items():
        for variable in model.weights:
            result[training.names[variable.path]] = variable.numpy()
        adam = training.optimisers[n]
        for i, variable in enumerate(model.trainable_variables):
            result["adam.m." + training.names[variable.path]] = adam._momentums[i].numpy()
            result["adam.v." + training.names[variable.path]] = adam._velocities[i].numpy()
    return {k: np.asarray(v, np.float32) for k, v in result.items()}


def make_tape(preset, settings, steps, batch, seed, data):
    """Images as bytes, noise and masks of `steps` steps."""
    if preset == "classifier":
        return classifier.make_tape(read_images(data), data, steps, batch, seed)
    rng = np.random.default_rng(seed)
    shape = (steps, batch) + settings["image"]
    if settings["image"] == (28, 28, 1):
        images = read_images(data)
        chosen = rng.choice(len(images), steps * batch, replace=False)
        pixels = images[chosen].reshape(shape)
    else:
        pixels = made_up_images(shape)
    tape = {"real_u8": pixels,
            "noise": rng.standard_normal((steps, batch, settings["latent"])).astype(np.float32)}
    passes = settings["discriminator_steps"]
    for n, shape in enumerate(mask_shapes(preset, settings), 1):
        for half, count in (("real", passes), ("fake", passes + 1)):
            leading = (steps, batch) if passes == 1 else (steps, count, batch)
            mask = rng.random(leading + shape) < KEEP
            tape[f"mask.{half}.dropout{n}"] = mask.astype(np.uint8)
    tape["real"] = (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
    return tape


def write_fixture(path, preset, changed, tape, result, made_by):
    """`changed` are the settings given by --set, as text; `made_by` a version."""
    from safetensors.numpy import save_file

    out = {k: tape[k] for k in ("real_u8", "noise", "images_u8", "labels") if k in tape}
    metadata = {"preset": preset, "settings": json.dumps(changed)} | made_by
    if "real_u8" in out and np.array_equal(out["real_u8"], made_up_images(out["real_u8"].shape)):
        metadata["real_u8"] = json.dumps(out.pop("real_u8").shape)
    for name, value in tape.items():
        if name.startswith("mask."):
            out[name + ".bits"] = np.packbits(value.reshape(-1), bitorder="little")
            metadata[name] = json.dumps(value.shape)
    for name, value in result.items():
        flat = value.reshape(-1)
        n = min(64, flat.size)
        out["sample." + name] = flat[np.arange(n) * flat.size // n]
        out["max." + name] = np.abs(flat).max(keepdims=True)
    save_file(out, path, metadata)


def argument_parser(description, settable):
    """With what every maker of tapes takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="of " + ", ".join(settable))
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--weights", help="written with the recipe's weights unless it is there")
    parser.add_argument("--tape")
    parser.add_argument("--result")
    parser.add_argument("--fixture")
    return parser


def changed_settings(parser, assignments, settings, settable):
    """Settings after all --set, and those changed, as text."""
    settings, changed = dict(settings), {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or key not in settable:
            parser.error(f"--set {assignment}: expected KEY=VALUE with a key of "
                         + ", ".join(settable))
        settings[key], changed[key] = settable[key](value), value
    return settings, changed


def main():
    parser = argument_parser(__doc__.splitlines()[0], SETTABLE)
    parser.add_argument("--preset", required=True, choices=PRESETS)
    parser.add_argument("--float64", action="store_true", help="let Keras compute in float64")
    args = parser.parse_args()
    settings, changed = changed_settings(parser, args.set, PRESETS[args.preset], SETTABLE)

    import keras
    from safetensors.numpy import load_file, save_file

    if args.float64:
        keras.backend.set_floatx("float64")
    if args.weights and os.path.exists(args.weights):
        weights = load_file(args.weights)
    else:
        weights = {}
        for network, model in models_of(args.preset, settings).items():
            names = names_of(network, model)
            for variable in model.weights:
                weights[names[variable.path]] = recipe(names[variable.path], tuple(variable.shape))
        if args.weights:
            save_file(weights, args.weights)
    tape = make_tape(args.preset, settings, args.steps, args.batch, args.seed, args.data)
    if args.tape:
        save_file({k: v for k, v in tape.items() if not k.endswith("_u8")}, args.tape)
    result = run(args.preset, settings, weights, tape)
    if args.result:
        save_file(result, args.result)
    if args.fixture:
        write_fixture(args.fixture, args.preset, changed, tape, result,
                      {"keras": keras.__version__})


if __name__ == "__main__":
    main()
