#!/usr/bin/env python3
"""Trains a preset with JAX: one jit-compiled step whose state is donated, batches gathered on the
device. Written on jax alone, in Keras's layouts (NHWC) and with its paddings."""
import argparse

import jax
import jax.numpy as jnp
from jax import lax

from protocol import BATCH, IMAGES, KEEP, LATENT, RATES, random_images, serve

EPSILON = 1e-3
MOMENTUM = 0.99
LAYOUT = ("NHWC", "HWIO", "NHWC")


def layers_of(preset):
    """Generator and discriminator: (kind, what it needs)."""
    if preset == "vanilla":
        sizes = [(LATENT, 128), (128, 256), (256, 512), (512, 784)]
        g = [part for i, o in sizes for part in (("dense", i, o, True), ("leaky",))][:-1]
        d = [("flatten",)]
        for i, o in ((784, 512), (512, 256), (256, 128)):
            d += [("dense", i, o, True), ("leaky",), ("drop",)]
        return g + [("tanh",), ("reshape", (28, 28, 1))], d + [("dense", 128, 1, True)]
    n = 32 if preset == "dcgan" else 64
    g = [("dense", LATENT, 196 * n, preset == "dcgan"), ("norm", 196 * n), ("leaky",),
         ("reshape", (7, 7, 4 * n)), ("conv_t", 4 * n, 2 * n, 1), ("norm", 2 * n), ("leaky",),
         ("conv_t", 2 * n, n, 2), ("norm", n), ("leaky",), ("conv_t", n, 1, 2), ("tanh",)]
    d = []
    for i, o in ((1, n), (n, 2 * n)):
        d += [("conv", i, o), ("leaky",), ("drop",)]
    return g, d + [("flatten",), ("dense", 98 * n, 1, True)]


def initial(layers, key):
    """Parameters, and the moving statistics of the batch norms; one entry per layer."""
    parameters, statistics = [], []
    for layer in layers:
        key, own = jax.random.split(key)
        draw = lambda *shape: 0.05 * jax.random.normal(own, shape)
        kind, p, s = layer[0], {}, {}
        if kind == "dense":
            p = {"kernel": draw(layer[1], layer[2])}
            if layer[3]:
                p["bias"] = jnp.zeros(layer[2])
        elif kind == "conv":
            p = {"kernel": draw(5, 5, layer[1], layer[2]), "bias": jnp.zeros(layer[2])}
        elif kind == "conv_t":
            p = {"kernel": draw(5, 5, layer[1], layer[2])}
        elif kind == "norm":
            p = {"gamma": jnp.ones(layer[1]), "beta": jnp.zeros(layer[1])}
            s = {"mean": jnp.zeros(layer[1]), "variance": jnp.ones(layer[1])}
        parameters.append(p)
        statistics.append(s)
    return parameters, statistics


def conv_transpose(x, kernel, stride):
    """The adjoint of a 'same' convolution of 5x5, which pads by 1 before and 2 behind where its
    stride is 2, else by 2 on both sides. The kernel is flipped against Keras's."""
    padding = (3, 2) if stride == 2 else (2, 2)
    return lax.conv_general_dilated(x, kernel, (1, 1), [padding] * 2, lhs_dilation=(stride, stride),
                                    dimension_numbers=LAYOUT)


def apply(layers, parameters, statistics, x, key):
    """The network in training; returns its result and the new moving statistics."""
    moved = []
    for layer, p, s in zip(layers, parameters, statistics):
        kind = layer[0]
        if kind == "dense":
            x = x @ p["kernel"] + p.get("bias", 0)
        elif kind == "conv":
            x = lax.conv_general_dilated(x, p["kernel"], (2, 2), "SAME",
                                         dimension_numbers=LAYOUT) + p["bias"]
        elif kind == "conv_t":
            x = conv_transpose(x, p["kernel"], layer[3])
        elif kind == "norm":
            axes = tuple(range(x.ndim - 1))
            mean, variance = x.mean(axes), x.var(axes)
            x = (x - mean) * (lax.rsqrt(variance + EPSILON) * p["gamma"]) + p["beta"]
            blend = lambda old, new: MOMENTUM * old + (1 - MOMENTUM) * lax.stop_gradient(new)
            s = {"mean": blend(s["mean"], mean), "variance": blend(s["variance"], variance)}
        elif kind == "leaky":
            x = jnp.where(x > 0, x, 0.3 * x)
        elif kind == "drop":
            key, own = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(own, KEEP, x.shape), x / KEEP, 0)
        elif kind == "tanh":
            x = jnp.tanh(x)
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        else:
            x = x.reshape(len(x), *layer[1])
        moved.append(s)
    return x, moved


def adam(parameters, gradients, m, v, t, rate, beta1, beta2=0.999):
    tree = jax.tree_util.tree_map
    m = tree(lambda m, g: m + (1 - beta1) * (g - m), m, gradients)
    v = tree(lambda v, g: v + (1 - beta2) * (g * g - v), v, gradients)
    alpha = rate * jnp.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
    return tree(lambda p, m, v: p - alpha * m / (jnp.sqrt(v) + 1e-7), parameters, m, v), m, v


def set_up(preset, precision):
    # What a GPU does to the operands of products: "highest" keeps all bits of a float.
    jax.config.update("jax_default_matmul_precision",
                      {"fp32": "highest", "tf32": "tensorfloat32"}[precision])
    jax.config.update("jax_default_prng_impl", "rbg")  # the faster one on a GPU
    layers_g, layers_d = layers_of(preset)
    rate_g, rate_d, beta1 = RATES[preset]
    # -log sigmoid(logit) = softplus(-logit)
    real_loss = lambda logits: jax.nn.softplus(-logits).mean()
    fake_loss = lambda logits: jax.nn.softplus(logits).mean()

    def start(layers, key):
        parameters, statistics = initial(layers, key)
        zeros = jax.tree_util.tree_map(jnp.zeros_like, parameters)
        return {"p": parameters, "s": statistics, "m": zeros,
                "v": jax.tree_util.tree_map(jnp.zeros_like, parameters)}

    def step(state, images):
        key, at, noise_key, mask = jax.random.split(state["key"], 4)
        g, d, t = state["g"], state["d"], state["t"] + 1
        real = images[jax.random.randint(at, (BATCH,), 0, IMAGES)]
        noise = jax.random.normal(noise_key, (BATCH, LATENT))
        fake, pull_g, moved = jax.vjp(
            lambda p: apply(layers_g, p, g["s"], noise, mask), g["p"], has_aux=True)

        # Through D once; sample by sample dL_G/dfake is dL_D/dfake times (sigmoid - 1) / sigmoid.
        def loss(p, fake):
            logits, _ = apply(layers_d, p, d["s"], jnp.concatenate([real, fake]), mask)
            return real_loss(logits[:BATCH]) + fake_loss(logits[BATCH:]), logits[BATCH:]

        (loss_d, logits), (gradients_d, of_fake) = jax.value_and_grad(
            loss, (0, 1), has_aux=True)(d["p"], fake)
        (gradients_g,) = pull_g(of_fake * -jnp.exp(-logits).reshape(BATCH, 1, 1, 1))
        for net, gradients, rate in ((g, gradients_g, rate_g), (d, gradients_d, rate_d)):
            net["p"], net["m"], net["v"] = adam(net["p"], gradients, net["m"], net["v"],
                                                t.astype(jnp.float32), rate, beta1)
        g["s"] = moved
        return {"g": g, "d": d, "t": t, "key": key}, (real_loss(logits), loss_d)

    step = jax.jit(step, donate_argnums=0)
    key_g, key_d, key = jax.random.split(jax.random.PRNGKey(1), 3)
    state = {"g": start(layers_g, key_g), "d": start(layers_d, key_d),
             "t": jnp.zeros((), jnp.int32), "key": key}
    images = jnp.asarray(random_images())
    held = [state, None]

    def queue():
        held[:] = step(held[0], images)

    wait = lambda: jax.block_until_ready(held)
    device = jax.devices()[0]
    name = f"JAX {jax.__version__}, {device.device_kind}"
    if device.platform != "cpu":
        return name, queue, wait
    return name, lambda: (queue(), wait()), None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--preset", required=True, choices=RATES)
    p.add_argument("--precision", choices=["fp32", "tf32"], default="fp32")
    p.add_argument("--threads", type=int, default=0, help="XLA has no such setting; ignored")
    a = p.parse_args()
    serve(lambda: set_up(a.preset, a.precision))


if __name__ == "__main__":
    main()
