// The whole screen of a terminal, for a command that draws there again and again. Whatever ends the
// process, but for SIGKILL, leaves the terminal as it was: the other screen, its modes, the cursor.
//
// One at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "loop/loop.h"
#include "top_view.h"

namespace tandem::client {

class Terminal {
 public:
  // Standard input and output, which have to be one: see is_there(). Takes the screen. `on_key`: a
  // byte was typed; `on_change`: the screen has another size, or is ours again after a stop.
  Terminal(loop::Loop& loop, UniqueFunction<void(char)> on_key, UniqueFunction<void()> on_change);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Whether both are a terminal that can do it.
  static bool is_there();

  TopScreen size() const;
  // Every line from the top; what was there before goes.
  void draw(const std::vector<TopLine>& lines);

 private:
  void take();
  void on_readable();
  void on_stop();
  static void end_by(int signal_number);

  UniqueFunction<void(char)> on_key_;
  UniqueFunction<void()> on_change_;
  loop::Poll input_;
  loop::Signal resized_;
  loop::Signal stopped_;
  loop::Signal interrupted_;
  loop::Signal terminated_;
  loop::Signal hung_up_;
  loop::Signal quit_;
};

}  // namespace tandem::client
