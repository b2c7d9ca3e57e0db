"""The classifier of TensorFlow's "Basic classification: Classify images of clothing", for make_tape.py."""
import gzip
import os

import numpy as np


def build(settings):
    """From images to logits."""
    import keras
    from keras import layers

    units = max(1, int(128 * settings["width"] + 0.5))
    return keras.Sequential([keras.Input(settings["image"]), layers.Flatten(),
                             layers.Dense(units, activation="relu"), layers.Dense(10)])


def read_labels(directory):
    with gzip.open(os.path.join(directory, "train-labels-idx1-ubyte.gz")) as file:
        return np.frombuffer(file.read(), np.uint8, offset=8)


def make_tape(images, directory, steps, batch, seed):
    chosen = np.random.default_rng(seed).choice(len(images), steps * batch, replace=False)
    pixels = images[chosen].reshape((steps, batch) + images.shape[1:])
    labels = read_labels(directory)[chosen].reshape(steps, batch)
    return {"images_u8": pixels, "images": pixels.astype(np.float32) / np.float32(255),
            "labels": labels.astype(np.float32)}


def run(model, names, weights, tape):
    """Runs the tape's steps; returns the replay result. names: {variable path: the project's name}."""
    import keras
    import tensorflow as tf

    for variable in model.weights:
        variable.assign(weights[names[variable.path]])
    variables = model.trainable_variables
    adam = keras.optimizers.Adam()
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    result = {"loss": [], "accuracy": []}
    for step, (images, labels) in enumerate(zip(tape["images"], tape["labels"])):
        with tf.GradientTape() as gradient_tape:
            logits = model(tf.cast(images, keras.backend.floatx()), training=True)
            loss = cross_entropy(labels, logits)
        gradients = gradient_tape.gradient(loss, variables)
        result["loss"].append(float(loss))
        result["accuracy"].append(np.mean(np.argmax(logits.numpy(), axis=1) == labels))
        if step == 0:
            for variable, gradient in zip(variables, gradients):
                result["grad." + names[variable.path]] = gradient.numpy()
        adam.apply_gradients(zip(gradients, variables))
    for i, variable in enumerate(variables):
        name = names[variable.path]
        result[name] = variable.numpy()
        result["adam.m." + name] = adam._momentums[i].numpy()
        result["adam.v." + name] = adam._velocities[i].numpy()
    return {k: np.asarray(v, np.float32) for k, v in result.items()}
