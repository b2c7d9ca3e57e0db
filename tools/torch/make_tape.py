#!/usr/bin/env python3
"""Writes a parity tape of preset modern and what PyTorch makes of it.

    make_tape.py --steps 3 --batch 4 --seed 2 --set width=0.25 --fixture modern.safetensors
    make_tape.py --steps 3 --batch 4 --seed 2 --set width=0.25 --set classes=0 \
                 --fixture modern-without-classes.safetensors

The tape, the result and the fixture are those of tools/keras/make_tape.py, whose options these are.
Of classes, drawn at random, `noise` is [S, B, latent + classes]: 1 at a sample's own, 0 at others.
R1 and R2 are differentiated by PyTorch's double backward, everything is computed in float64. The
result also has `penalty` [S] and the averaged generator, `average.<name>`.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "keras"))
import numpy as np
import torch
import torch.nn.functional as F

from make_tape import (argument_parser, changed_settings, hidden_sizes, make_tape, recipe,
                       write_fixture)

SETTINGS = {"image": (28, 28, 1), "latent": 100, "slope": 0.2, "width": 1.0, "rate": 8e-4,
            "beta1": 0.0, "beta2": 0.9, "epsilon": 1e-7, "penalty": 0.5, "average": 0.05,
            "momentum": 0.99, "classes": 10, "batch_norm_epsilon": 1e-3, "discriminator_steps": 1}
SETTABLE = {"width": float, "penalty": float, "average": float, "classes": int}


def shapes(settings):
    """{name: shape}, in Keras's layouts."""
    hidden, latent = hidden_sizes(settings), settings["latent"]
    g0, g1, g2 = hidden(128), hidden(64), hidden(32)
    d1, d2 = hidden(64), hidden(128)
    of = {"generator.dense1.kernel": (latent + settings["classes"], 49 * g0), "generator.dense1.bias": (49 * g0,)}
    for n, channels in enumerate((49 * g0, g1, g2), 1):
        for tensor in ("gamma", "beta", "moving_mean", "moving_variance"):
            of[f"generator.batch_norm{n}.{tensor}"] = (channels,)
    for n, (channels, out) in enumerate(((g0, g1), (g1, g2), (g2, 1)), 1):
        of[f"generator.conv_transpose{n}.kernel"] = (5, 5, out, channels)
    for n, (channels, out) in enumerate(((1, d1), (d1, d2)), 1):
        of[f"discriminator.conv{n}.kernel"] = (5, 5, channels, out)
        of[f"discriminator.conv{n}.bias"] = (out,)
    logits = max(1, settings["classes"])
    of["discriminator.dense1.kernel"] = (49 * d2, logits)
    of["discriminator.dense1.bias"] = (logits,)
    return of


class Networks:
    def __init__(self, settings, weights):
        self.settings = settings
        self.w = {name: torch.tensor(value, dtype=torch.float64,
                                     requires_grad=not name.rsplit(".")[-1].startswith("moving"))
                  for name, value in weights.items()}

    def trainable(self, network):
        return [n for n, v in self.w.items() if n.startswith(network) and v.requires_grad]

    def leaky(self, x):
        return F.leaky_relu(x, self.settings["slope"])

    def batch_norm(self, x, name):
        """Over all but the last dimension; moves the statistics."""
        axes = tuple(range(x.dim() - 1))
        mean, variance = x.mean(axes), x.var(axes, unbiased=False)
        keep = self.settings["momentum"]
        for moving, now in (("moving_mean", mean), ("moving_variance", variance)):
            tensor = self.w[f"{name}.{moving}"]
            tensor.mul_(keep).add_((1 - keep) * now.detach())
        y = (x - mean) / torch.sqrt(variance + self.settings["batch_norm_epsilon"])
        return y * self.w[name + ".gamma"] + self.w[name + ".beta"]

    def conv_transpose(self, x, n, stride):
        """'same' of Keras: the adjoint of a convolution with one row of padding above, two below."""
        kernel = self.w[f"generator.conv_transpose{n}.kernel"].permute(3, 2, 0, 1)
        y = F.conv_transpose2d(x.permute(0, 3, 1, 2), kernel, stride=stride)
        before, side = (1, 2 * x.shape[1]) if stride == 2 else (2, x.shape[1])
        return y[:, :, before:before + side, before:before + side].permute(0, 2, 3, 1)

    def generator(self, z):
        x = z @ self.w["generator.dense1.kernel"] + self.w["generator.dense1.bias"]
        x = self.leaky(self.batch_norm(x, "generator.batch_norm1")).reshape(len(z), 7, 7, -1)
        for n, stride in ((1, 1), (2, 2)):
            x = self.conv_transpose(x, n, stride)
            x = self.leaky(self.batch_norm(x, f"generator.batch_norm{n + 1}"))
        return torch.tanh(self.conv_transpose(x, 3, 2))

    def discriminator(self, image, codes):
        """One logit of each image: the one that its code chooses."""
        x = image.permute(0, 3, 1, 2)
        for n in (1, 2):
            kernel = self.w[f"discriminator.conv{n}.kernel"].permute(3, 2, 0, 1)
            x = F.conv2d(F.pad(x, (1, 2, 1, 2)), kernel, self.w[f"discriminator.conv{n}.bias"], 2)
            x = self.leaky(x)
        x = x.permute(0, 2, 3, 1).flatten(1)
        logits = x @ self.w["discriminator.dense1.kernel"] + self.w["discriminator.dense1.bias"]
        return (logits * codes).sum(1)


class Adam:
    """As Keras computes it, over some of the tensors."""

    def __init__(self, settings, w, names):
        self.s, self.w, self.t = settings, w, 0
        self.m = {n: torch.zeros_like(w[n]) for n in names}
        self.v = {n: torch.zeros_like(w[n]) for n in names}

    def update(self, gradients):
        self.t += 1
        b1, b2 = self.s["beta1"], self.s["beta2"]
        alpha = self.s["rate"] * (1 - b2**self.t)**0.5 / (1 - b1**self.t)
        for name, g in gradients.items():
            self.m[name] += (1 - b1) * (g - self.m[name])
            self.v[name] += (1 - b2) * (g * g - self.v[name])
            step = alpha * self.m[name] / (self.v[name].sqrt() + self.s["epsilon"])
            self.w[name].data -= step


def run(settings, weights, tape):
    nets = Networks(settings, weights)
    names = {n: nets.trainable(n) for n in ("generator", "discriminator")}
    adam = {n: Adam(settings, nets.w, names[n]) for n in names}
    average = {n: v.detach().clone() for n, v in nets.w.items() if n.startswith("generator")}
    result = {"loss.generator": [], "loss.discriminator": [], "penalty": []}
    for step in range(len(tape["real"])):
        real = torch.tensor(tape["real"][step], dtype=torch.float64)
        rows = len(real)
        noise = torch.tensor(tape["noise"][step], dtype=torch.float64)
        codes = noise[:, settings["latent"]:] if settings["classes"] else torch.ones(rows, 1)
        fake = nets.generator(noise)
        images = torch.cat([real, fake.detach()]).requires_grad_()
        logits = nets.discriminator(images, torch.cat([codes, codes]))
        lead = logits[:rows] - logits[rows:]
        slope, = torch.autograd.grad(logits.sum(), images, create_graph=True)
        penalty = slope.square().sum() / rows
        loss = {"discriminator": F.softplus(-lead).mean()}
        of_generator = nets.discriminator(fake, codes) - logits[:rows].detach()
        loss["generator"] = F.softplus(-of_generator).mean()
        total = {"discriminator": loss["discriminator"] + settings["penalty"] / 2 * penalty,
                 "generator": loss["generator"]}
        gradients = {}
        for n in names:
            values = torch.autograd.grad(total[n], [nets.w[k] for k in names[n]], retain_graph=True)
            gradients[n] = dict(zip(names[n], values))
        for n in names:
            adam[n].update(gradients[n])
            result["loss." + n].append(loss[n].item())
        result["penalty"].append(penalty.item())
        half_life = min(500_000, settings["average"] * (step + 1) * rows)
        for name, value in average.items():
            value.lerp_(nets.w[name].detach(), 1 - 0.5**(rows / half_life))
        if step == 0:
            result["fake"] = fake.detach()
            result |= {"grad." + k: g for n in names for k, g in gradients[n].items()}
    result |= {name: value.detach() for name, value in nets.w.items()}
    result |= {"average." + name: value for name, value in average.items()}
    for n in names:
        for name in names[n]:
            result["adam.m." + name], result["adam.v." + name] = adam[n].m[name], adam[n].v[name]
    return {k: np.asarray(v, np.float32) for k, v in result.items()}


def main():
    parser = argument_parser(__doc__.splitlines()[0], SETTABLE)
    args = parser.parse_args()
    settings, changed = changed_settings(parser, args.set, SETTINGS, SETTABLE)

    from safetensors.numpy import save_file

    weights = {name: recipe(name, shape) for name, shape in shapes(settings).items()}
    tape = make_tape("modern", settings, args.steps, args.batch, args.seed, args.data)
    if settings["classes"]:
        labels = np.random.default_rng(args.seed + 1).integers(settings["classes"],
                                                               size=tape["noise"].shape[:2])
        codes = np.eye(settings["classes"], dtype=np.float32)[labels]
        tape["noise"] = np.concatenate([tape["noise"], codes], axis=2)
    result = run(settings, weights, tape)
    if args.weights:
        save_file(weights, args.weights)
    if args.tape:
        save_file({k: v for k, v in tape.items() if not k.endswith("_u8")}, args.tape)
    if args.result:
        save_file(result, args.result)
    if args.fixture:
        write_fixture(args.fixture, "modern", changed, tape, result, {"torch": torch.__version__})


if __name__ == "__main__":
    main()
