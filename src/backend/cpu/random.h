// Draws addressed by (seed, stream, step, element).
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void draw_normal(const NormalDraw& draw);
void draw_keep_mask(const KeepMaskDraw& draw);

}  // namespace dcgan::cpu
