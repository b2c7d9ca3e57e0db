// Steps that end, from the first state that was sent to the last, bit for bit.
#include "ops/case.h"

namespace dcgan::test {
namespace {

constexpr std::int64_t sent = 5;  // states

class EndStepCase final : public Case {
 public:
  /// `ends` steps end, the first of which is number `position`.
  EndStepCase(std::int64_t measures, std::int64_t words, std::int64_t position, int ends)
      : measures_(measures), words_(words), position_(position), ends_(ends) {}

  std::string name() const override {
    return "end_step_" + std::to_string(measures_) + "x" + std::to_string(words_) + "_from" +
           std::to_string(position_) + "_" + std::to_string(ends_);
  }
  std::vector<Pass> passes() const override {
    EndStep end{};
    end.measure_count = measures_;
    end.words = words_;
    const Op op = describe(end);
    std::vector<Pass> all;
    for (int i = 0; i < ends_; ++i) all.push_back({"end " + std::to_string(i), op, op.bytes});
    return all;
  }
  std::unique_ptr<Run> start(Backend& backend) const override;

  std::vector<Expected> expected() const override {
    Floats state = bytes_of(before()), measured(static_cast<std::size_t>(sent * measures_), -1.0F);
    const std::vector<std::uint64_t> states = all_states();
    const std::int64_t last = position_ + ends_ - 1;
    for (int i = 0; i < ends_; ++i) {
      const Floats measures = measures_of(position_ + i);
      const std::int64_t at = (position_ + i) % sent;
      std::copy(measures.begin(), measures.end(), measured.begin() + at * measures_);
      if (at + 1 < sent)
        state = bytes_of({states.begin() + (at + 1) * words_, states.begin() + (at + 2) * words_});
    }
    return {exact("measured", measured), exact("state", state),
            exact("position", bytes_of({static_cast<std::uint64_t>(last % sent + 1)}))};
  }

 private:
  friend class EndStepRun;

  Floats measures_of(std::int64_t step) const {
    return normal_floats(measures_, 1 + static_cast<unsigned>(step));
  }
  std::vector<std::uint64_t> before() const {
    return std::vector<std::uint64_t>(static_cast<std::size_t>(words_), 0x0102030405060708U);
  }
  std::vector<std::uint64_t> all_states() const {
    std::vector<std::uint64_t> states(static_cast<std::size_t>(sent * words_));
    for (std::size_t i = 0; i < states.size(); ++i) states[i] = (i + 1) * 0x9E3779B97F4A7C15U;
    return states;
  }
  /// Results are told apart by floats, which hold no 64 bits.
  static Floats bytes_of(const std::vector<std::uint64_t>& words) {
    Floats bytes;
    for (const std::uint64_t word : words)
      for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<float>(word >> 8 * i & 0xFF));
    return bytes;
  }

  std::int64_t measures_, words_, position_;
  int ends_;
};

class EndStepRun final : public Run {
 public:
  EndStepRun(const EndStepCase& c, Backend& backend)
      : backend_(backend),
        case_(c),
        states_(backend, c.all_states()),
        state_(backend, "state", bytes(c.before())),
        measured_(backend, "measured", Floats(static_cast<std::size_t>(sent * c.measures_), -1.0F)),
        position_(backend, "position", bytes({static_cast<std::uint64_t>(c.position_)})) {
    for (int i = 0; i < c.ends_; ++i)
      measures_.push_back(std::make_unique<Input<float>>(backend, c.measures_of(c.position_ + i)));
  }
  void restore(std::size_t index) override {
    if (index == 0) state_.restore(), measured_.restore(), position_.restore();
  }
  void pass(std::size_t index) override {
    backend_.end_step({sent, case_.measures_, measures_[index]->data(), measured_.data(),
                       case_.words_, states_.data(),
                       reinterpret_cast<std::uint64_t*>(state_.data()),
                       reinterpret_cast<std::int64_t*>(position_.data())});
  }
  std::vector<Result> results() const override {
    return {measured_.read(), state_.read(), position_.read()};
  }

 private:
  static std::vector<std::uint8_t> bytes(const std::vector<std::uint64_t>& words) {
    const Floats values = EndStepCase::bytes_of(words);
    return {values.begin(), values.end()};
  }

  Backend& backend_;
  EndStepCase case_;
  Input<std::uint64_t> states_;
  Output<std::uint8_t> state_;
  Output<float> measured_;
  Output<std::uint8_t> position_;
  std::vector<std::unique_ptr<Input<float>>> measures_;
};

std::unique_ptr<Run> EndStepCase::start(Backend& backend) const {
  return std::make_unique<EndStepRun>(*this, backend);
}

Cases end_step_cases() {
  Cases cases;
  const auto add = [&](std::int64_t measures, std::int64_t words, std::int64_t position, int ends) {
    cases.push_back(std::make_shared<EndStepCase>(measures, words, position, ends));
  };
  add(3, 8, 0, 5);  // through all that were sent
  add(1, 1, 2, 1);
  add(3, 64, 3, 2);
  add(2, 65, 0, 2);
  add(130, 200, 1, 3);
  add(3, 8, 3, 4);  // past the last and on from the first
  return cases;
}

EndStep of(std::int64_t measures, std::int64_t words) {
  EndStep end{};
  end.measure_count = measures;
  end.words = words;
  return end;
}

const AddOpCases added(
    {.op = "end_step",
     .all = end_step_cases,
     .described = {{describe(of(3, 8)), "end_step 3x8", 0, 2 * (3 * 4 + 8 * 8 + 8)}},
     .of = [](const Op& op) -> std::shared_ptr<const Case> {
       return std::make_shared<EndStepCase>(op.at("measures"), op.at("words"), 1, 1);
     }});

}  // namespace
}  // namespace dcgan::test
