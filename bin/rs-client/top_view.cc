#include "top_view.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/durations.h"
#include "printable.h"
#include "utc_text.h"

namespace tandem::client {
namespace {

using wire::Json;
using Style = TopLine::Style;

constexpr size_t kClock = 8;          // "12:30:59" of a time such as 2030-01-31T12:30:59Z
constexpr size_t kMostReplicas = 12;  // of a group: what does not fit is told as a number

std::string clock_of(int64_t wall_ms) {
  const std::string text = utc_text(wall_ms);
  return text.size() < 11 + kClock ? text : text.substr(11, kClock);
}

std::string padded(const std::string& text, size_t columns, bool right = false) {
  const std::string cut = fitted(text, columns);
  const std::string blanks(columns - std::min(columns, display_width(cut)), ' ');
  return right ? blanks + cut : cut + blanks;
}

std::string decimals(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 10 ? "%.1f" : "%.0f", value);
  return text.data();
}

std::string age(int64_t ms) {
  const int64_t s = std::max<int64_t>(0, ms / 1000);
  if (s < 120) return std::to_string(s) + "s";
  if (s < 7200) return std::to_string(s / 60) + "m";
  if (s < 172800) return std::to_string(s / 3600) + "h";
  return std::to_string(s / 86400) + "d";
}

// What is counted now and was not before; nothing where the process counts anew.
int64_t rise(const Json& now, const Json& before, std::string_view name) {
  return std::max<int64_t>(0, number_of(now, name) - number_of(before, name));
}

// Of the calls between two looks, in µs; nothing where there were none.
std::optional<double> percentile_us(const Json& now, const Json& before, double part) {
  const Json::Array& counts = list_of(now, "us");
  const Json::Array& earlier = list_of(before, "us");
  const auto count_at = [&](size_t bucket) {
    const auto of = [bucket](const Json::Array& list) {
      const int64_t* count = bucket < list.size() ? list[bucket].as_int() : nullptr;
      return count == nullptr ? 0 : *count;
    };
    return std::max<int64_t>(0, of(counts) - of(earlier));
  };
  const size_t buckets = std::min(counts.size(), Durations::kBuckets);
  int64_t all = 0;
  for (size_t bucket = 0; bucket < buckets; ++bucket) all += count_at(bucket);
  if (all == 0) return std::nullopt;
  int64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    seen += count_at(bucket);
    if (static_cast<double>(seen) >= part * static_cast<double>(all)) {
      return static_cast<double>(Durations::begin_us(bucket));
    }
  }
  return std::nullopt;
}

const Seen* find(const TopLook* look, std::string_view name) {
  if (look == nullptr) return nullptr;
  const auto found = std::find_if(look->seen.begin(), look->seen.end(),
                                  [&](const Seen& seen) { return seen.name == name; });
  return found == look->seen.end() ? nullptr : &*found;
}

const Json& member(const Json& json, std::string_view name) {
  static const Json kNone;
  const Json* value = json.find(name);
  return value == nullptr ? kNone : *value;
}

class Screen {
 public:
  Screen(const TopLook& now, const TopLook* before, const TopScreen& screen)
      : now_(now), before_(before), screen_(screen) {
    seconds_ = before == nullptr ? 0 : static_cast<double>(now.at_ms - before->at_ms) / 1000;
  }

  void title(bool paused) {
    add(Style::kTitle, "tandem  " + clock_of(now_.at_ms) + " UTC" + (paused ? "  PAUSED" : "") +
                           "  q quit, space pause");
  }

  void service(const Seen& seen, const std::string& what) {
    const bool ready = seen.state == Seen::State::kReady;
    std::string line =
        padded(seen.name, 10) + (ready                                  ? "READY"
                                 : seen.state == Seen::State::kNotReady ? "NOT READY"
                                                                        : "NOT THERE");
    if (!seen.why.empty()) {
      line += "  " + seen.why;
    } else if (!what.empty()) {
      line += "  " + what;
    }
    add(ready && seen.why.empty() ? Style::kPlain : Style::kBad, line);
    // A reason may be longer than the line; what mends it shall be there in any case.
    if (!seen.remedy.empty()) add(Style::kBad, "          mend: " + seen.remedy);
  }

  void calls(const Seen& seen) {
    if (seen.status.is_null()) return;
    const Seen* earlier = find(before_, seen.name);
    const Json& calls = member(seen.status, "calls");
    static const Json kNone;
    const Json& then = earlier == nullptr ? kNone : member(earlier->status, "calls");
    std::string line;
    for (const char* kind : {"reads", "writes"}) {
      const Json& a = member(calls, kind);
      const Json& b = member(then, kind);
      line += std::string("  ") + kind + " ";
      if (seconds_ <= 0 || b.is_null()) {
        line += padded("-", 26);
        continue;
      }
      const auto count = rise(a, b, "answered") + rise(a, b, "failed");
      const auto p50 = percentile_us(a, b, 0.5);
      const auto p99 = percentile_us(a, b, 0.99);
      line += padded(decimals(static_cast<double>(count) / seconds_) + "/s" +
                         (p50 && p99 ? " p50 " + decimals(*p50 / 1000) + " p99 " +
                                           decimals(*p99 / 1000) + " ms"
                                     : ""),
                     26);
      if (const int64_t failed = rise(a, b, "failed"); failed > 0) {
        line += std::to_string(failed) + " FAILED";
      }
    }
    add(Style::kPlain, line);
  }

  void replicas_head() {
    add(Style::kHead, "  " + padded("ID", 4) + padded("ROLE", 10) + padded("STATE", 13) +
                          padded("PID", 8, true) + padded("INDEX", 12, true) +
                          padded("LAG", 8, true) + padded("SINCE", 7, true) + "  HOST");
  }

  void replicas(const Json::Array& rows, std::string_view leader) {
    size_t shown = 0;
    for (const Json& row : rows) {
      if (shown++ == kMostReplicas) {
        add(Style::kDim, "  and " + std::to_string(rows.size() - kMostReplicas) + " more");
        break;
      }
      const std::string state = text_of(row, "state");
      const std::string trouble = text_of(row, "trouble");
      const Json* lag = row.find("lag");
      const bool leads = text_of(row, "role") == leader;
      const int64_t since_ms = number_of(row, "since_ms");
      const Json* last = row.find("last_index");
      add(state == "in sync" && trouble.empty() ? Style::kPlain : Style::kBad,
          (leads ? "* " : "  ") + padded(std::to_string(number_of(row, "id")), 4) +
              padded(text_of(row, "role"), 10) + padded(state, 13) +
              padded(std::to_string(number_of(row, "pid")), 8, true) +
              padded(last == nullptr ? "-" : last->dump(), 12, true) +
              padded(lag == nullptr ? "-" : lag->dump(), 8, true) +
              padded(since_ms == 0 ? "-" : age(now_.at_ms - since_ms), 7, true) + "  " +
              (trouble.empty() ? text_of(row, "host") : trouble));
    }
  }

  void scaling(const Json& scaling) {
    if (scaling.is_null()) return;
    const Json* left = scaling.find("window_left_ms");
    const int64_t* left_ms = left == nullptr ? nullptr : left->as_int();
    add(Style::kPlain, "  pool " + std::to_string(number_of(scaling, "slaves_wanted")) + " of " +
                           std::to_string(number_of(scaling, "min_slaves")) + " to " +
                           std::to_string(number_of(scaling, "max_slaves")) + " slaves, " +
                           std::to_string(number_of(scaling, "reads")) +
                           " reads in the window, a slave each " +
                           std::to_string(number_of(scaling, "reads_per_slave")) +
                           (left_ms == nullptr ? ", it begins with the next read"
                                               : ", " + age(*left_ms) + " left"));
  }

  void store(const Json& status) {
    if (status.is_null()) return;
    const Json& cache = member(status, "cache");
    const Json& purchases = member(status, "purchases");
    const int64_t hits = number_of(cache, "hits");
    const int64_t asked = hits + number_of(cache, "misses");
    const Json& same = member(status, "same_orders");
    add(same == Json(false) || number_of(purchases, "unknown") > 0 ? Style::kBad : Style::kPlain,
        "  bought " + std::to_string(number_of(purchases, "bought")) + ", out of stock " +
            std::to_string(number_of(purchases, "out_of_stock")) + ", unknown " +
            std::to_string(number_of(purchases, "unknown")) + "; cache " +
            (asked == 0 ? "-" : std::to_string(100 * hits / asked) + "%") + " hits; orders " +
            (same == Json(true)    ? "the same everywhere"
             : same == Json(false) ? "DIFFER between replicas"
                                   : "not compared"));
  }

  void events() {
    const size_t room = lines_.size() + 1 >= screen_.rows ? 0 : screen_.rows - lines_.size() - 1;
    const size_t count = std::min(room, now_.events.size());
    if (count == 0) return;
    add(Style::kHead, "  EVENTS");
    for (size_t i = now_.events.size() - count; i < now_.events.size(); ++i) {
      const Json& event = now_.events[i];
      const Json* worker = event.find("worker");
      const std::string about =
          worker != nullptr ? "worker " + worker->dump() + " " : text_of(event, "group") + " ";
      add(text_of(event, "event") == "trouble" ? Style::kBad : Style::kDim,
          "  " + clock_of(number_of(event, "time_ms")) + " " + padded(text_of(event, "event"), 9) +
              (about == " " ? "" : about) + text_of(event, "reason"));
    }
  }

  std::vector<TopLine> take() {
    lines_.resize(screen_.rows);
    return std::move(lines_);
  }

  void add(Style style, const std::string& text) {
    lines_.push_back({style, fitted(printable(text), screen_.columns)});
  }

 private:
  const TopLook& now_;
  const TopLook* before_;
  const TopScreen screen_;
  double seconds_ = 0;
  std::vector<TopLine> lines_;
};

// "worker 3 leads, epoch 7, in sync 1, 2, 3"
std::string led(const std::string& noun, const Json& group) {
  const Json& record = member(group, "record");
  if (record.is_null()) return {};
  return noun + std::to_string(number_of(record, "leader")) + " leads, epoch " +
         std::to_string(number_of(record, "epoch")) + ", in sync " +
         joined(list_of(record, "in_sync"));
}

}  // namespace

std::string fitted(const std::string& printable_text, size_t columns) {
  if (display_width(printable_text) <= columns) return printable_text;
  if (columns == 0) return {};
  std::string cut = printable_text;
  while (!cut.empty() && display_width(cut) + 1 > columns) {
    // The bytes of a character go together.
    bool more = true;
    while (more && !cut.empty()) {
      more = (static_cast<unsigned char>(cut.back()) & 0xC0U) == 0x80U;
      cut.pop_back();
    }
  }
  return cut + "…";
}

std::vector<TopLine> top_lines(const TopLook& now, const TopLook* before, const TopScreen& screen,
                               bool paused) {
  Screen all(now, before, screen);
  all.title(paused);
  if (const Seen* orch = find(&now, "rs-orch")) {
    all.service(*orch, led("worker ", orch->status));
    all.calls(*orch);
    all.scaling(member(orch->status, "scaling"));
    if (!orch->status.is_null()) {
      all.replicas_head();
      all.replicas(list_of(orch->status, "workers"), "master");
    }
    for (const char* name : {"rs-users", "rs-rides"}) {
      if (const Seen* service = find(&now, name)) all.service(*service, service->url);
    }
  }
  if (const Seen* front = find(&now, "ts-front")) {
    all.service(*front, {});
    all.calls(*front);
    all.store(front->status);
    for (const Json& group : list_of(front->status, "groups")) {
      const std::string why = text_of(group, "reason");
      all.add(
          why.empty() ? Style::kHead : Style::kBad,
          "  " + padded(text_of(group, "group"), 8) + (why.empty() ? led("replica ", group) : why));
      all.replicas(list_of(group, "replicas"), "leader");
    }
  }
  all.events();
  return all.take();
}

}  // namespace tandem::client
