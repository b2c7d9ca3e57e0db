#!/usr/bin/env python3
"""Trains a preset with Keras: as the notebook is written, under tf.function, or compiled by XLA.

The notebook's way reads its batches through tf.data; the others gather them on the device.
"""
import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras
import tensorflow as tf
from keras import layers

from protocol import BATCH, IMAGES, KEEP, LATENT, RATES, random_images, serve


def build(preset):
    leaky = lambda: layers.LeakyReLU(negative_slope=0.3)
    drop = lambda: layers.Dropout(1 - KEEP)
    if preset == "vanilla":
        g = [keras.Input((LATENT,))]
        for units in (128, 256, 512):
            g += [layers.Dense(units), leaky()]
        g += [layers.Dense(784, activation="tanh"), layers.Reshape((28, 28, 1))]
        d = [keras.Input((28, 28, 1)), layers.Flatten()]
        for units in (512, 256, 128):
            d += [layers.Dense(units), leaky(), drop()]
        d += [layers.Dense(1)]
    else:
        n = 32 if preset == "dcgan" else 64
        conv_t = lambda filters, stride, **more: layers.Conv2DTranspose(
            filters, 5, stride, padding="same", use_bias=False, **more)
        norm = lambda: [layers.BatchNormalization(), leaky()]
        g = [keras.Input((LATENT,)), layers.Dense(196 * n, use_bias=preset == "dcgan"), *norm(),
             layers.Reshape((7, 7, 4 * n)), conv_t(2 * n, 1), *norm(), conv_t(n, 2), *norm(),
             conv_t(1, 2, activation="tanh")]
        d = [keras.Input((28, 28, 1))]
        for filters in (n, 2 * n):
            d += [layers.Conv2D(filters, 5, 2, padding="same"), leaky(), drop()]
        d += [layers.Flatten(), layers.Dense(1)]
    return keras.Sequential(g), keras.Sequential(d)


WAYS = ["eager, as the notebook", "tf.function", "tf.function, XLA"]


def set_up(preset, way, precision, threads):
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tf32")
    if precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    generator, discriminator = build(preset)
    rate_g, rate_d, beta1 = RATES[preset]
    optimiser_g = keras.optimizers.Adam(rate_g, beta_1=beta1)
    optimiser_d = keras.optimizers.Adam(rate_d, beta_1=beta1)
    optimiser_g.build(generator.trainable_variables)
    optimiser_d.build(discriminator.trainable_variables)
    bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(images):
        noise = tf.random.normal([BATCH, LATENT])
        with tf.GradientTape() as tape_g, tf.GradientTape() as tape_d:
            fake = generator(noise, training=True)
            real_logits = discriminator(images, training=True)
            fake_logits = discriminator(fake, training=True)
            loss_g = bce(tf.ones_like(fake_logits), fake_logits)
            loss_d = bce(tf.ones_like(real_logits), real_logits) + bce(
                tf.zeros_like(fake_logits), fake_logits)
        gradients_g = tape_g.gradient(loss_g, generator.trainable_variables)
        gradients_d = tape_d.gradient(loss_d, discriminator.trainable_variables)
        optimiser_g.apply_gradients(zip(gradients_g, generator.trainable_variables))
        optimiser_d.apply_gradients(zip(gradients_d, discriminator.trainable_variables))
        return loss_g, loss_d

    images = random_images()
    if way == WAYS[0]:
        data = iter(tf.data.Dataset.from_tensor_slices(images).shuffle(IMAGES).repeat()
                    .batch(BATCH, drop_remainder=True).prefetch(2))
        step = lambda: train_step(next(data))
    else:
        images = tf.constant(images)

        def gathered():
            return train_step(tf.gather(images, tf.random.uniform([BATCH], 0, IMAGES, tf.int32)))

        step = tf.function(gathered, jit_compile=way == WAYS[2])
    name = f"TensorFlow {tf.__version__}"
    if not gpus:
        return name, lambda: [float(loss) for loss in step()], None
    last = []

    def queue():
        last[:] = step()

    return name, queue, lambda: [float(loss) for loss in last]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--preset", required=True, choices=RATES)
    p.add_argument("--way", required=True, choices=WAYS)
    p.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="fp32")
    p.add_argument("--threads", type=int, default=0)
    a = p.parse_args()
    serve(lambda: set_up(a.preset, a.way, a.precision, a.threads))


main()
