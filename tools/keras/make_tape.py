#!/usr/bin/env python3
"""Writes a parity tape and what Keras makes of it.

A tape fixes everything random of a few training steps: real images, noise and
the discriminator's dropout masks. Keras runs the steps from given weights;
`dcgan_cuda replay` runs the same and must come to the same numbers
(tools/keras/compare.py).

    make_tape.py --preset dcgan --steps 4 --batch 16 \
        --weights W.safetensors --tape T.safetensors --result R.safetensors

--fixture F writes one small file for the test suite instead: inputs packed,
and of each result tensor 64 entries and the largest absolute value.
"""
import argparse
import gzip
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

LATENT = 100
KEEP = 0.7
RATES = {  # preset: generator lr, discriminator lr, beta1
    "vanilla": (2e-4, 2e-4, 0.5),
    "dcgan": (7e-5, 2e-4, 0.5),
    "tf-tutorial": (1e-4, 1e-4, 0.9),
}


def recipe(name, shape):
    """Weights that depend on name and index alone; tests/train/recipe.h is its twin.

    u = top 24 bits of splitmix64(fnv1a64(name) + index) * 2^-24.
    """
    with np.errstate(over="ignore"):
        seed = np.uint64(0xCBF29CE484222325)
        for byte in name.encode():
            seed = (seed ^ np.uint64(byte)) * np.uint64(0x100000001B3)
        count = int(np.prod(shape))
        z = seed + np.arange(count, dtype=np.uint64)
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0**-24
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


def build(preset):
    """Generator and discriminator; the latter takes [images, masks ...] and gives logits."""
    import keras
    from keras import layers

    leaky = lambda: layers.LeakyReLU(negative_slope=0.3)
    noise = keras.Input((LATENT,))
    image = keras.Input((28, 28, 1))
    masks = []

    def drop(x):
        mask = keras.Input(x.shape[1:])
        masks.append(mask)
        return layers.Lambda(lambda a: a[0] * a[1] / KEEP)([x, mask])

    if preset == "vanilla":
        x = noise
        for units in (128, 256, 512):
            x = leaky()(layers.Dense(units)(x))
        x = layers.Reshape((28, 28, 1))(layers.Dense(784, activation="tanh")(x))
        y = layers.Flatten()(image)
        for units in (512, 256, 128):
            y = drop(leaky()(layers.Dense(units)(y)))
    else:
        n = 32 if preset == "dcgan" else 64
        x = layers.Dense(49 * 4 * n, use_bias=preset == "dcgan")(noise)
        x = leaky()(layers.BatchNormalization()(x))
        x = layers.Reshape((7, 7, 4 * n))(x)
        for filters, stride in ((2 * n, 1), (n, 2)):
            x = layers.Conv2DTranspose(filters, 5, stride, padding="same", use_bias=False)(x)
            x = leaky()(layers.BatchNormalization()(x))
        x = layers.Conv2DTranspose(1, 5, 2, padding="same", use_bias=False, activation="tanh")(x)
        y = image
        for filters in (n, 2 * n):
            y = drop(leaky()(layers.Conv2D(filters, 5, 2, padding="same")(y)))
        y = layers.Flatten()(y)
    logits = layers.Dense(1)(y)
    return keras.Model(noise, x), keras.Model([image] + masks, logits)


def names_of(network, model):
    """{variable path: DESIGN's name}, layers counted per kind from 1."""
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


def run(preset, weights, tape):
    """Runs the tape's steps as the notebook's train_steps does; returns the replay result."""
    import keras
    import tensorflow as tf

    generator, discriminator = build(preset)
    models = {"generator": generator, "discriminator": discriminator}
    names = {}
    for network, model in models.items():
        names.update(names_of(network, model))
        for variable in model.weights:
            variable.assign(weights[names[variable.path]])
    rate_g, rate_d, beta1 = RATES[preset]
    optimisers = {
        "generator": keras.optimizers.Adam(rate_g, beta_1=beta1),
        "discriminator": keras.optimizers.Adam(rate_d, beta_1=beta1),
    }
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    float_type = keras.backend.floatx()
    masks = {half: [tape[k] for k in sorted(tape) if k.startswith(f"mask.{half}.")]
             for half in ("real", "fake")}
    result = {"loss.generator": [], "loss.discriminator": []}
    for step in range(len(tape["real"])):
        real = tf.cast(tape["real"][step], float_type)
        noise = tf.cast(tape["noise"][step], float_type)
        step_masks = {h: [tf.cast(m[step], float_type) for m in masks[h]] for h in masks}
        with tf.GradientTape(persistent=True) as gradients:
            fake = generator(noise, training=True)
            on_real = discriminator([real] + step_masks["real"], training=True)
            on_fake = discriminator([fake] + step_masks["fake"], training=True)
            loss = {
                "discriminator": bce(tf.ones_like(on_real), on_real)
                + bce(tf.zeros_like(on_fake), on_fake),
                "generator": bce(tf.ones_like(on_fake), on_fake),
            }
        updates = {n: gradients.gradient(loss[n], models[n].trainable_variables) for n in models}
        if step == 0:
            result["fake"] = fake.numpy()
            for n, model in models.items():
                for variable, gradient in zip(model.trainable_variables, updates[n]):
                    result["grad." + names[variable.path]] = gradient.numpy()
        for n, model in models.items():
            optimisers[n].apply_gradients(zip(updates[n], model.trainable_variables))
            result["loss." + n].append(float(loss[n]))
    for n, model in models.items():
        for variable in model.weights:
            result[names[variable.path]] = variable.numpy()
        for i, variable in enumerate(model.trainable_variables):
            adam = optimisers[n]
            result["adam.m." + names[variable.path]] = adam._momentums[i].numpy()
            result["adam.v." + names[variable.path]] = adam._velocities[i].numpy()
    return {k: np.asarray(v, np.float32) for k, v in result.items()}


def make_tape(preset, steps, batch, seed, data):
    """Images as bytes, noise and masks of `steps` steps."""
    rng = np.random.default_rng(seed)
    images = read_images(data)
    chosen = rng.choice(len(images), steps * batch, replace=False)
    tape = {"real_u8": images[chosen].reshape(steps, batch, 28, 28, 1),
            "noise": rng.standard_normal((steps, batch, LATENT)).astype(np.float32)}
    shapes = {"vanilla": [(512,), (256,), (128,)], "dcgan": [(14, 14, 32), (7, 7, 64)],
              "tf-tutorial": [(14, 14, 64), (7, 7, 128)]}[preset]
    for n, shape in enumerate(shapes, 1):
        for half in ("real", "fake"):
            mask = rng.random((steps, batch) + shape) < KEEP
            tape[f"mask.{half}.dropout{n}"] = mask.astype(np.uint8)
    real = (tape["real_u8"].astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
    tape["real"] = real
    return tape


def write_fixture(path, preset, tape, result):
    import keras
    from safetensors.numpy import save_file

    out = {"real_u8": tape["real_u8"], "noise": tape["noise"]}
    metadata = {"preset": preset, "keras": keras.__version__}
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", required=True, choices=RATES)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--weights", help="written with the recipe's weights unless it is there")
    parser.add_argument("--tape")
    parser.add_argument("--result")
    parser.add_argument("--fixture")
    parser.add_argument("--float64", action="store_true", help="let Keras compute in float64")
    args = parser.parse_args()

    import keras
    from safetensors.numpy import load_file, save_file

    if args.float64:
        keras.backend.set_floatx("float64")
    if args.weights and os.path.exists(args.weights):
        weights = load_file(args.weights)
    else:
        weights = {}
        for network, model in zip(("generator", "discriminator"), build(args.preset)):
            names = names_of(network, model)
            for variable in model.weights:
                weights[names[variable.path]] = recipe(names[variable.path], tuple(variable.shape))
        if args.weights:
            save_file(weights, args.weights)
    tape = make_tape(args.preset, args.steps, args.batch, args.seed, args.data)
    if args.tape:
        save_file({k: v for k, v in tape.items() if k != "real_u8"}, args.tape)
    result = run(args.preset, weights, tape)
    if args.result:
        save_file(result, args.result)
    if args.fixture:
        write_fixture(args.fixture, args.preset, tape, result)


if __name__ == "__main__":
    main()
