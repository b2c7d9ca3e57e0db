#!/usr/bin/env python3
"""Trains a preset with PyTorch, in one of the ways that people write it.

two-pass        D(real), D(fake.detach()) and its update, then D(fake) again for G, as PyTorch's own
                DCGAN example does (the update's order differs from Keras's)
eager           real and fake through D once, forward and backward, as dcgan_cuda does: sample by
                sample dL_G/dfake is dL_D/dfake times (sigmoid - 1) / sigmoid of the logit
compiled        the same, the networks compiled by torch.compile
graph           the eager step, all of it, captured as one CUDA graph
compiled-graph  the compiled step captured

Keras pads 5x5 convolutions of stride 2 by 1 before and 2 behind. PyTorch pads alike on both sides:
padding=2 is Keras's layer in a mirror, equal to it with images and kernels flipped, and so is
padding=2, output_padding=stride-1 for the transposed one. All layers being mirrored, the network is
the same one, and nothing is padded or cut by an operation of its own.
"""
import argparse

import torch
from torch import nn
from torch.nn import functional as F

from protocol import BATCH, IMAGES, KEEP, LATENT, RATES, serve

WAYS = ["two-pass", "eager", "compiled", "graph", "compiled-graph"]
PRECISIONS = ["fp32", "tf32", "bf16"]
LAYOUTS = {"channels-first": torch.contiguous_format, "channels-last": torch.channels_last}


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def conv(i, o):
    return nn.Conv2d(i, o, 5, 2, padding=2)


def conv_transpose(i, o, stride):
    return nn.ConvTranspose2d(i, o, 5, stride, padding=2, output_padding=stride - 1, bias=False)


class ChannelsLastImages(nn.Module):
    """Unflattens [N, 49 c] to images whose memory is channels-last, without a copy."""

    def forward(self, x):
        return x.unflatten(1, (7, 7, -1)).permute(0, 3, 1, 2)


class ChannelsLastRows(nn.Module):
    """Flattens channels-last images without a copy."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def build(preset, layout="channels-first"):
    leaky = lambda: nn.LeakyReLU(0.3)
    drop = lambda: nn.Dropout(1 - KEEP)
    if preset == "vanilla":
        g, size = [], LATENT
        for units in (128, 256, 512):
            g += [nn.Linear(size, units), leaky()]
            size = units
        g += [nn.Linear(512, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))]
        d, size = [nn.Flatten()], 784
        for units in (512, 256, 128):
            d += [nn.Linear(size, units), leaky(), drop()]
            size = units
        d += [nn.Linear(128, 1)]
    else:
        n = 32 if preset == "dcgan" else 64
        images, rows = nn.Unflatten(1, (4 * n, 7, 7)), nn.Flatten()
        if layout == "channels-last":
            images, rows = ChannelsLastImages(), ChannelsLastRows()
        norm = lambda c: [nn.BatchNorm2d(c, eps=1e-3, momentum=0.01), leaky()]
        g = [nn.Linear(LATENT, 196 * n, bias=preset == "dcgan"),
             nn.BatchNorm1d(196 * n, eps=1e-3, momentum=0.01), leaky(), images,
             conv_transpose(4 * n, 2 * n, 1), *norm(2 * n),
             conv_transpose(2 * n, n, 2), *norm(n), conv_transpose(n, 1, 2), nn.Tanh()]
        d = [conv(1, n), leaky(), drop(), conv(n, 2 * n), leaky(), drop(),
             rows, nn.Linear(98 * n, 1)]
    return nn.Sequential(*g), nn.Sequential(*d)


class Training:
    """The networks, their optimisers, and the two forms of a step; nothing here waits for a GPU."""

    def __init__(self, preset, device, precision="fp32", layout="channels-first", compiled=False):
        self.device, self.precision = device, precision
        memory = LAYOUTS[layout]
        self.g, self.d = (m.to(device, memory_format=memory) for m in build(preset, layout))
        rate_g, rate_d, beta1 = RATES[preset]
        self.adam_g, self.adam_d = (
            torch.optim.Adam(m.parameters(), rate, (beta1, 0.999), 1e-7, fused=True,
                             capturable=device.type == "cuda")
            for m, rate in ((self.g, rate_g), (self.d, rate_d)))
        pixels = torch.randint(0, 256, (IMAGES, 1, 28, 28), dtype=torch.uint8, device=device)
        self.images = ((pixels.float() - 127.5) / 127.5).to(memory_format=memory)
        self.generate, self.judge = self.g, self.d
        if compiled:
            self.generate, self.judge = torch.compile(self.g), torch.compile(self.d)

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def batch(self):
        real = self.images[torch.randint(IMAGES, (BATCH,), device=self.device)]
        return real, self.generate(torch.randn(BATCH, LATENT, device=self.device))

    def gradients(self):
        """Both losses, and the gradients of the parameters of G and D."""
        with self.autocast():
            real, fake = self.batch()
            seen = fake.detach().float().requires_grad_()
            logits = self.judge(torch.cat([real, seen])).float()
        real_logits, fake_logits = logits.split(BATCH)
        loss_d = bce(real_logits, 1) + bce(fake_logits, 0)
        *gradients_d, of_fake = torch.autograd.grad(loss_d, [*self.d.parameters(), seen])
        with torch.no_grad():
            loss_g = bce(fake_logits, 1)
            ratio = -torch.exp(-fake_logits).view(BATCH, 1, 1, 1)
            of_fake = (of_fake * ratio).to(fake.dtype)
        gradients_g = torch.autograd.grad(fake, list(self.g.parameters()), of_fake)
        return loss_g, loss_d.detach(), gradients_g, gradients_d

    def one_pass(self):
        loss_g, loss_d, gradients_g, gradients_d = self.gradients()
        for model, gradients in ((self.g, gradients_g), (self.d, gradients_d)):
            for parameter, gradient in zip(model.parameters(), gradients):
                parameter.grad = gradient
        self.adam_g.step()
        self.adam_d.step()
        return loss_g, loss_d

    def two_pass(self):
        with self.autocast():
            real, fake = self.batch()
            self.adam_d.zero_grad()
            loss_d = bce(self.judge(real).float(), 1) + bce(self.judge(fake.detach()).float(), 0)
        loss_d.backward()
        self.adam_d.step()
        with self.autocast():
            self.adam_g.zero_grad()
            loss_g = bce(self.judge(fake).float(), 1)
        loss_g.backward()
        self.adam_g.step()
        return loss_g.detach(), loss_d.detach()


def captured(step):
    """The step as one CUDA graph, after some outside of it: libraries choose their algorithms and
    the optimisers make their state in the first ones."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(4):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--preset", required=True, choices=RATES)
    p.add_argument("--way", required=True, choices=WAYS)
    p.add_argument("--precision", choices=PRECISIONS, default="fp32")
    p.add_argument("--layout", choices=LAYOUTS, default="channels-first")
    p.add_argument("--threads", type=int, default=0)
    a = p.parse_args()

    def set_up():
        if a.threads:
            torch.set_num_threads(a.threads)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        on_gpu = device.type == "cuda"
        torch.backends.cuda.matmul.allow_tf32 = a.precision == "tf32"
        torch.backends.cudnn.allow_tf32 = a.precision == "tf32"
        torch.backends.cudnn.benchmark = True
        training = Training(a.preset, device, a.precision, a.layout, a.way.startswith("compiled"))
        step = training.two_pass if a.way == "two-pass" else training.one_pass
        if a.way.endswith("graph"):
            step = captured(step)
        elif not on_gpu:
            queued = step

            def step():
                return [float(loss) for loss in queued()]

        name = f"PyTorch {torch.__version__}" + (f", {torch.cuda.get_device_name()}" if on_gpu else "")
        return name, step, torch.cuda.synchronize if on_gpu else None

    serve(set_up)


if __name__ == "__main__":
    main()
