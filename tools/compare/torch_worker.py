#!/usr/bin/env python3
"""Trains a preset with PyTorch: the customary two passes per step, or one fused pass.

two-pass  D(real), D(fake.detach()) and its update, then D(fake) again for G, as
          PyTorch's own DCGAN example does (the update's order differs from Keras's)
fused     real and fake through D once, as dcgan_cuda does: both losses from one graph
"""
import argparse

import torch
from torch import nn
from torch.nn import functional as F

from protocol import BATCH, KEEP, LATENT, RATES, random_images, serve


class SameConv(nn.Conv2d):
    """5x5, stride 2, padded as Keras pads 'same': 1 before, 2 behind."""

    def forward(self, x):
        return super().forward(F.pad(x, (1, 2, 1, 2)))


class SameConvTranspose(nn.ConvTranspose2d):
    """The adjoint of SameConv: one row cut in front, two behind."""

    def forward(self, x):
        y = super().forward(x)
        return y[:, :, 1:-2, 1:-2] if self.stride[0] == 2 else y[:, :, 2:-2, 2:-2]


def build(preset):
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
        norm = lambda c: [nn.BatchNorm2d(c, eps=1e-3, momentum=0.01), leaky()]
        conv_t = lambda i, o, stride: SameConvTranspose(i, o, 5, stride, bias=False)
        g = [nn.Linear(LATENT, 196 * n, bias=preset == "dcgan"),
             nn.BatchNorm1d(196 * n, eps=1e-3, momentum=0.01), leaky(),
             nn.Unflatten(1, (4 * n, 7, 7)), conv_t(4 * n, 2 * n, 1), *norm(2 * n),
             conv_t(2 * n, n, 2), *norm(n), conv_t(n, 1, 2), nn.Tanh()]
        d = [SameConv(1, n, 5, 2), leaky(), drop(), SameConv(n, 2 * n, 5, 2), leaky(), drop(),
             nn.Flatten(), nn.Linear(98 * n, 1)]
    return nn.Sequential(*g), nn.Sequential(*d)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--preset", required=True, choices=RATES)
    p.add_argument("--way", required=True,
                   choices=["fused", "two-pass", "fused-tf32", "fused-amp"])
    p.add_argument("--threads", type=int, default=0)
    a = p.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tf32 = a.way == "fused-tf32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    amp = lambda: torch.autocast(device.type, torch.bfloat16, enabled=a.way == "fused-amp")
    # Channels last is the faster layout on a GPU, and the slower one on a CPU.
    layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
    g, d = (m.to(device, memory_format=layout) for m in build(a.preset))
    rate_g, rate_d, beta1 = RATES[a.preset]
    adam = lambda m, lr: torch.optim.Adam(m.parameters(), lr, (beta1, 0.999), 1e-7, fused=True)
    adam_g, adam_d = adam(g, rate_g), adam(d, rate_d)
    images = torch.from_numpy(random_images()).permute(0, 3, 1, 2).contiguous().to(device)
    bce = F.binary_cross_entropy_with_logits
    target = lambda like, value: torch.full_like(like, value)

    def batch():
        real = images[torch.randint(len(images), (BATCH,), device=device)]
        return real, g(torch.randn(BATCH, LATENT, device=device))

    def fused():
        with amp():
            real, fake = batch()
            real_logits, fake_logits = d(torch.cat([real, fake])).split(BATCH)
            loss_d = bce(real_logits, target(real_logits, 1)) + bce(
                fake_logits, target(fake_logits, 0))
            loss_g = bce(fake_logits, target(fake_logits, 1))
        gradients_g = torch.autograd.grad(loss_g, list(g.parameters()), retain_graph=True)
        gradients_d = torch.autograd.grad(loss_d, list(d.parameters()))
        for model, gradients in ((g, gradients_g), (d, gradients_d)):
            for parameter, gradient in zip(model.parameters(), gradients):
                parameter.grad = gradient
        adam_g.step()
        adam_d.step()
        return loss_g.item(), loss_d.item()

    def two_pass():
        real, fake = batch()
        adam_d.zero_grad()
        real_logits, fake_logits = d(real), d(fake.detach())
        loss_d = bce(real_logits, target(real_logits, 1)) + bce(
            fake_logits, target(fake_logits, 0))
        loss_d.backward()
        adam_d.step()
        adam_g.zero_grad()
        fake_logits = d(fake)
        loss_g = bce(fake_logits, target(fake_logits, 1))
        loss_g.backward()
        adam_g.step()
        return loss_g.item(), loss_d.item()

    serve(f"PyTorch {torch.__version__}", two_pass if a.way == "two-pass" else fused)


main()
