// Embeds the trainer: trains a GAN, draws 16 samples and saves a checkpoint.
//   train OUT [KEY=VALUE]...     for example: train . preset=vanilla steps=500 data=/my/mnist
// A folder OUT gets checkpoint.safetensors and samples.pgm, the samples one below the other.
#include <dcgan/trainer.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  if (argc < 2) throw dcgan::UsageError("train OUT [KEY=VALUE]...");
  const std::string out = argv[1];

  dcgan::Config config = dcgan::preset_config("dcgan");
  config.steps = 200;
  for (int i = 2; i < argc; ++i) {
    const std::string setting = argv[i];
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) throw dcgan::UsageError(setting + ": expected KEY=VALUE");
    dcgan::set(config, setting.substr(0, equals), setting.substr(equals + 1));
  }

  dcgan::Trainer trainer(config, dcgan::read_dataset(config));
  std::printf("training on %s\n", trainer.backend_description().c_str());
  // A GPU is ahead of the results that this is told; the trainer never waits for one to begin the
  // next. Returning false would end the training.
  trainer.train(trainer.total_steps(), [&](const dcgan::StepResult& step) {
    if (step.step % 50 == 0) {
      std::printf("step %lld:", static_cast<long long>(step.step));
      for (std::size_t i = 0; i < trainer.measure_names().size(); ++i)
        std::printf(" %s %.4f", trainer.measure_names()[i].c_str(), step.measures[i]);
      std::printf("\n");
    }
    return true;
  });
  trainer.save(out + "/checkpoint.safetensors");

  const int count = 16;
  const std::vector<float> samples = trainer.sample(count, /*seed=*/1);  // in [-1, 1]
  const dcgan::Dataset& shape = trainer.dataset();                       // of one image
  std::ofstream picture(out + "/samples.pgm", std::ios::binary);
  picture << (shape.channels == 1 ? "P5 " : "P6 ") << shape.width << ' ' << count * shape.height
          << " 255\n";
  for (const float x : samples) picture.put(static_cast<char>(std::lround(127.5F * (x + 1))));
  return picture.flush() ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "train: %s\n", error.what());
  return 1;
}
