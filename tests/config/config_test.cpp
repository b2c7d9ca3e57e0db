// Settings as text and as JSON: exact round trips, and every kind of bad input refused in one line.
#include "dcgan/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "dcgan/error.h"

namespace dcgan {
namespace {

template <class Function>
std::string message_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

std::string set_message(const std::string& key, const std::string& value) {
  Config config;
  return message_of([&] { set(config, key, value); });
}

std::string json_message(const std::string& text) {
  return message_of([&] { config_from_json(text, "config.json"); });
}

void expect_same(const Config& a, const Config& b) {
  const auto left = settings(a), right = settings(b);
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i)
    EXPECT_EQ(left[i].value, right[i].value) << left[i].key;
}

Config unusual() {
  Config c = preset_config("vanilla-64");
  c.data = "/tmp/a \"b\"\\\n\xc3\xbc";
  c.fit = "pad";
  c.background = "black";
  c.seed = std::numeric_limits<std::uint64_t>::max();
  c.epochs = 3;
  c.steps = 123'456'789'012;
  c.batch_size = 65536;
  c.threads = 7;
  c.generator = {1.0 / 3, 0.1 + 0.2, 0.99999, 1e-30};
  c.discriminator = {5e-324, 0, 0.5, std::nextafter(1e-8, 1)};
  c.latent = 1;
  c.classes = 256;
  c.width = 1.0 / 64;
  c.leaky_slope = std::nextafter(0.2, 1);
  c.dropout = 0.95;
  c.label_smoothing = std::nextafter(1.0, 0);
  c.discriminator_steps = 1000;
  c.batch_norm_momentum = 2.0 / 3;
  c.batch_norm_epsilon = 1e-5;
  c.checkpoint_every = 9;
  c.flip = 1;
  c.log_every = 11;
  c.tensorboard = 1;
  return c;
}

TEST(Config, JsonRoundTripIsExact) {
  const Config c = unusual();
  const Config back = config_from_json(to_json(c), "here");
  expect_same(c, back);
  EXPECT_EQ(back.seed, c.seed);
  EXPECT_EQ(back.data, c.data);
  EXPECT_EQ(back.generator.learning_rate, c.generator.learning_rate);
  EXPECT_EQ(back.discriminator.learning_rate, c.discriminator.learning_rate);
  EXPECT_EQ(back.discriminator.epsilon, c.discriminator.epsilon);
  EXPECT_EQ(back.leaky_slope, c.leaky_slope);
  EXPECT_EQ(back.label_smoothing, c.label_smoothing);
  EXPECT_EQ(to_json(back), to_json(c));
  for (const std::string& name : preset_names())
    expect_same(preset_config(name), config_from_json(to_json(preset_config(name)), name));
}

TEST(Config, TextRoundTripIsExact) {
  const Config c = unusual();
  Config back;
  for (const SettingInfo& s : settings(c)) set(back, s.key, s.value);
  EXPECT_EQ(to_json(back), to_json(c));
}

TEST(Config, EachOfAdamsSettingsIsItsOwn) {
  const Config c = config_from_json(to_json(unusual()), "here");
  EXPECT_EQ(c.generator.beta1, 0.1 + 0.2);
  EXPECT_EQ(c.generator.beta2, 0.99999);
  EXPECT_EQ(c.generator.epsilon, 1e-30);
  EXPECT_EQ(c.discriminator.beta1, 0);
  EXPECT_EQ(c.discriminator.beta2, 0.5);
}

TEST(Config, JsonIsNested) {
  const Config c = config_from_json(
      R"({"generator": {"learning_rate": 0.5}, "batch_norm": {"epsilon": 1}})", "here");
  EXPECT_EQ(c.generator.learning_rate, 0.5);
  EXPECT_EQ(c.batch_norm_epsilon, 1);
  EXPECT_NE(to_json(c).find("\"batch_norm\": {"), std::string::npos);
  EXPECT_EQ(to_json(c).find("generator."), std::string::npos);
}

TEST(Config, JsonStartsFromThePresetItNames) {
  expect_same(config_from_json("{}", "here"), preset_config("dcgan"));
  const Config c = config_from_json(R"({"epochs": 2, "preset": "tf-tutorial"})", "here");
  EXPECT_EQ(c.checkpoint_every, 15);
  EXPECT_EQ(c.epochs, 2);
}

// The settings of runs from before there was a choice.
TEST(Config, JsonOfAllSettingsButFitMeansWhatItDidBeforeThereWasOne) {
  std::string text = to_json(preset_config("vanilla-64"));
  for (const std::string key : {"fit", "background"}) {
    const std::size_t at = text.find("  \"" + key + "\""), end = text.find('\n', at);
    ASSERT_NE(at, std::string::npos);
    text.erase(at, end + 1 - at);
  }
  Config expected = preset_config("vanilla-64");
  expected.fit = "legacy";
  const Config old = config_from_json(text, "here");
  expect_same(old, expected);
  expect_same(config_from_json(to_json(old), "again"), old);
  EXPECT_EQ(config_from_json(R"({"preset": "vanilla-64", "epochs": 3})", "here").fit, "crop");
}

// Runs from before there were these: as they were.
TEST(Config, JsonWithoutChannelsAndFlipHasThePresetsOwnAndNone) {
  const Config c = config_from_json(R"({"preset": "vanilla-64", "fit": "crop"})", "here");
  EXPECT_EQ(c.channels, 0);
  EXPECT_EQ(c.flip, 0);
  const Config grey =
      config_from_json(R"({"preset": "dcgan-64", "channels": 1, "flip": 1})", "here");
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.flip, 1);
  expect_same(config_from_json(to_json(grey), "again"), grey);
}

TEST(Config, JsonWithChannelsThatThePresetDoesNotHaveIsRefusedByItsName) {
  try {
    config_from_json(R"({"preset": "dcgan", "channels": 3})", "the/file");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("the/file: channels=3: "), 0u) << error.what();
  }
}

TEST(Config, EverySettingSaysWhatItTakes) {
  for (const SettingInfo& s : settings(Config{})) EXPECT_FALSE(s.help.empty()) << s.key;
  EXPECT_EQ(settings(Config{}).size(), 51u);
}

TEST(Config, EverySettingTakesItsBoundsAndNothingBeyond) {
  struct Case {
    std::string key;
    std::vector<std::string> good, bad;
  };
  const std::vector<Case> cases = {
      {"preset", {"vanilla", "vanilla-64"}, {"", "Vanilla", "gan"}},
      {"backend", {"auto", "cpu"}, {"", "tpu"}},
      {"precision", {"fp32", "tf32x3", "tf32"}, {"", "bf16", "FP32"}},
      {"data",
       {"", "/x", std::string(4095, 'x')},
       {std::string("a\0b", 3), "\xff", std::string(4096, 'x')}},
      {"fit", {"crop", "pad", "squeeze", "legacy"}, {"", "Crop", "stretch"}},
      {"background", {"white", "black"}, {"", "grey", "255"}},
      {"channels", {"0", "1", "3"}, {"-1", "4", "rgb"}},
      {"flip", {"0", "1"}, {"-1", "2", "yes"}},
      {"seed", {"0", "18446744073709551615"}, {"-1", "18446744073709551616", "1.0"}},
      {"epochs", {"1", "1000000"}, {"0", "1000001", "-1", "1e3", "99999999999999999999"}},
      {"steps", {"0", "5"}, {"-1", "9223372036854775808"}},
      {"batch_size", {"1", "65536"}, {"0", "65537", "", " 1", "1 ", "0x10", "+1", "1.5"}},
      {"threads", {"0", "1024"}, {"-1", "1025", "4294967296"}},
      {"generator.learning_rate",
       {"1e-300", "10"},
       {"0", "-0", "-1", "10.1", "nan", "inf", "1e400"}},
      {"generator.beta1", {"0", "0.999999"}, {"1", "-0.1", "0.99999999999"}},
      {"discriminator.beta2", {"0", "0.999999"}, {"1", "0.5x", "0,5"}},
      {"discriminator.epsilon", {"1e-30", "1"}, {"0", "-1e-8", "1e-50", "1.1", "nan"}},
      {"latent", {"1", "65536"}, {"0", "65537"}},
      {"classes", {"0", "256"}, {"-1", "257"}},
      {"width", {"0.015625", "16"}, {"0", "0.0156", "16.01"}},
      {"leaky_slope", {"0", "1"}, {"-0.01", "1.01"}},
      {"dropout", {"0", "0.95"}, {"0.951", "-1", "-nan"}},
      {"label_smoothing", {"0", "0.99"}, {"1", "-0.1"}},
      {"discriminator_steps", {"1", "1000"}, {"0", "1001"}},
      {"batch_norm.momentum", {"0", "0.99"}, {"1", "-inf"}},
      {"batch_norm.epsilon", {"1e-5"}, {"0", "2"}},
      {"checkpoint_every", {"1"}, {"0"}},
      {"log_every", {"1"}, {"0"}},
      {"tensorboard", {"0", "1"}, {"2", "-1", "yes"}}};
  for (const Case& c : cases) {
    Config config;
    for (const std::string& value : c.good)
      EXPECT_NO_THROW(set(config, c.key, value)) << c.key << "=" << value;
    const std::string before = to_json(config);
    for (const std::string& value : c.bad) {
      EXPECT_THROW(set(config, c.key, value), UsageError) << c.key << "=" << value;
      EXPECT_EQ(to_json(config), before);
    }
  }
}

TEST(Config, MessagesNameKeyValueAndRange) {
  EXPECT_EQ(set_message("batch_size", "0"), "batch_size=0: must be a whole number from 1 to 65536");
  EXPECT_EQ(set_message("generator.learning_rate", "nan"),
            "generator.learning_rate=nan: must be a number above 0 and at most 10");
  EXPECT_EQ(set_message("label_smoothing", "1"),
            "label_smoothing=1: must be a number from 0 to below 1");
  EXPECT_EQ(set_message("backend", "tp\nu"),
            "backend=tp?u: must be one of auto, cuda, cpu, simt, simt-check");
}

TEST(Config, UnknownKeysSuggestTheNearest) {
  EXPECT_EQ(set_message("batchsize", "1"),
            "there is no setting \"batchsize\"; did you mean batch_size?");
  const auto suggests = [](const std::string& key, const std::string& nearest) {
    EXPECT_TRUE(set_message(key, "1").ends_with("did you mean " + nearest + "?"))
        << set_message(key, "1");
  };
  suggests("epoch", "epochs");
  suggests("learning_rate", "generator.learning_rate");
  suggests("discriminator.lerning_rate", "discriminator.learning_rate");
  suggests("momentum", "batch_norm.momentum");
  EXPECT_LT(set_message(std::string(1 << 20, 'x'), "1").size(), 200u);
}

// Words for which each way to count a change, and each way to break a tie, decides.
TEST(Config, TheNearestKeyIsThatOfTheFewestChanges) {
  const auto suggested = [](const std::string& key) {
    const std::string message = set_message(key, "1"), before = "did you mean ";
    return message.substr(message.find(before) + before.size());
  };
  EXPECT_EQ(suggested("pesot"), "preset?");
  EXPECT_EQ(suggested("bea2"), "generator.beta2?");
  EXPECT_EQ(suggested("dascriminatr"), "discriminator.beta1?");
}

TEST(Config, MessagesShowTheBeginningOfAValueWithoutItsControlCharacters) {
  const std::string sixty(60, 'x'), must_be = ": must be one of auto, cuda, cpu, simt, simt-check";
  EXPECT_EQ(set_message("backend", sixty), "backend=" + sixty + must_be);
  EXPECT_EQ(set_message("backend", sixty + "y"), "backend=" + sixty + "..." + must_be);
  EXPECT_EQ(set_message("backend", "a b!~\x1f\x7f\n\xc3\xbc"),
            "backend=a b!~???\xc3\xbc" + must_be);
}

TEST(Config, HelpEndsWithTheRangeWhereThereIsOne) {
  const auto help = [](const std::string& key) {
    for (const SettingInfo& s : settings(Config{}))
      if (s.key == key) return s.help;
    return std::string("(no such setting)");
  };
  EXPECT_EQ(help("seed"), "seed of everything random");
  EXPECT_EQ(help("data"), "folder of the data set; empty: where it is usually found");
  EXPECT_EQ(help("latent"), "length of the noise vector; a whole number from 1 to 65536");
  EXPECT_TRUE(help("backend").ends_with("; one of auto, cuda, cpu, simt, simt-check"));
}

TEST(Config, JsonIsIndentedByTwo) {
  EXPECT_TRUE(to_json(Config{}).starts_with("{\n  \"preset\": \"dcgan\",\n"));
}

// Not a word of the parser's type error or of its tag.
TEST(Config, JsonOfTheWrongTypeIsRefusedByName) {
  EXPECT_EQ(json_message(R"({"dropout": "\u00fc"})"),
            "config.json: dropout=\"\xc3\xbc\": must be a number from 0 to 0.95");
  EXPECT_EQ(json_message(R"({"leaky_slope": true})"),
            "config.json: leaky_slope=true: must be a number from 0 to 1");
  EXPECT_EQ(json_message(R"({"data": 3})"),
            "config.json: data=3: must be a path in UTF-8, at most 4095 bytes");
  EXPECT_EQ(json_message(R"({"epochs": [1]})"),
            "config.json: epochs=[...]: must be a whole number from 1 to 1000000");
  EXPECT_EQ(json_message(R"({"epochs": {"a": 1}})"),
            "config.json: epochs={...}: must be a whole number from 1 to 1000000");
  EXPECT_EQ(json_message(R"({"generator": 3})"), "config.json: generator=3: must be an object");
  EXPECT_NE(json_message(R"({"generator": {"batch_norm": {"epsilon": 1}}})"),
            "(nothing was thrown)");
  EXPECT_EQ(json_message(R"({"generator.beta1": 0.5})"),
            "config.json: \"generator.beta1\" must be nested: {\"generator\": {\"beta1\": ...}}");
  EXPECT_EQ(json_message("[]"), "config.json: settings must be a JSON object");
}

TEST(Config, JsonOfAnySizeAndDepthIsReadOrRefused) {
  constexpr std::size_t mib = 1 << 20;
  EXPECT_NO_THROW(config_from_json("{}" + std::string(mib - 2, ' '), "here"));
  EXPECT_EQ(json_message("{}" + std::string(mib - 1, ' ')),
            "config.json: more than 1 MiB, too long for settings");
  EXPECT_EQ(json_message(R"({"a": [[[1]]]})").find("too deeply"), std::string::npos);
  EXPECT_EQ(json_message(R"({"a": [[[[1]]]]})"), "config.json: nested too deeply for settings");
}

TEST(Config, JsonsOwnMessagesAreCutShort) {
  const std::string start = "config.json: not valid JSON: ";
  EXPECT_TRUE(json_message("{").starts_with(start + "parse error at line 1")) << json_message("{");
  const std::string cut = json_message("\"" + std::string(1000, 'x'));
  EXPECT_EQ(cut.size(), start.size() + 200 + 3) << cut;
}

TEST(Config, BadJsonEndsInOneLineNamingItsSource) {
  const std::string deep = std::string(500'000, '[');
  const std::vector<std::string> cases = {"",
                                          "{",
                                          "null",
                                          "[]",
                                          "3",
                                          "{}x",
                                          "\xff",
                                          R"({"epochs": 1e999})",
                                          R"({"epochs": "3"})",
                                          R"({"epochs": 3.0})",
                                          R"({"epochs": true})",
                                          R"({"epochs": null})",
                                          R"({"epochs": {}})",
                                          R"({"epochs": 18446744073709551615})",
                                          R"({"seed": -1})",
                                          R"({"seed": 18446744073709551616})",
                                          R"({"dropout": "0.5"})",
                                          R"({"dropout": 2})",
                                          R"({"dropout": [0.5]})",
                                          R"({"data": 3})",
                                          R"({"preset": 3})",
                                          R"({"preset": "x\ny"})",
                                          R"({"generator": 3})",
                                          R"({"generator": {"rate": 3}})",
                                          R"({"generator": {"beta1": {}}})",
                                          R"({"generator.beta1": 0.5})",
                                          R"({"epoch": 3})",
                                          R"({"": 3})",
                                          R"({"data": "a\u0000b"})",
                                          R"({"dropout": NaN})",
                                          deep,
                                          "{\"data\": " + deep,
                                          "{\"data\": " + deep + std::string(500'000, ']') + "}",
                                          "{\"a\": " + deep + std::string(500'000, ']') + "}",
                                          std::string(2 << 20, ' '),
                                          "\"" + std::string(1000, 'x')};
  for (const std::string& text : cases) {
    const std::string message = json_message(text);
    EXPECT_TRUE(message.starts_with("config.json: ")) << message << " for " << text.substr(0, 80);
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 300u);
  }
  EXPECT_EQ(json_message(R"({"dropout": 2})"),
            "config.json: dropout=2: must be a number from 0 to 0.95");
  EXPECT_EQ(json_message(R"({"generator": {"beta3": 0}})"),
            "config.json: there is no setting \"generator.beta3\"; did you mean generator.beta1?");
}

TEST(Config, ABadFileIsNotWrongUsage) {
  try {
    config_from_json(R"({"epochs": 0})", "config.json");
    FAIL();
  } catch (const UsageError&) {
    FAIL() << "exit status 2 is for the command line";
  } catch (const Error&) {
  }
}

TEST(Config, UnwritableTextIsAnError) {
  Config config;
  config.data = "\xff";
  EXPECT_THROW(to_json(config), Error);
}

// A damaged file either still holds settings in range, or ends in an Error: nothing else.
TEST(Config, DamagedJsonThrowsErrorOrReads) {
  const std::string valid = to_json(unusual());
  std::mt19937 random(20240);
  int read = 0, refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = valid;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      text[random() % text.size()] ^= static_cast<char>(1u << (random() % 8));
    if (random() % 8 == 0) text.resize(random() % text.size());
    try {
      const Config config = config_from_json(text, "fuzz");
      expect_same(config, config_from_json(to_json(config), "again"));
      ++read;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace dcgan
