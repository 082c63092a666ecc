// One connection of the server: reads requests, has them handled, collects the answers' bytes.
//
// Internal to lib/http. The server owns connections and gives each one that asked (touch()) two
// calls before the loop blocks: proceed(), to handle requests that had to wait, and flush(), to
// write. A connection is never destroyed from inside its own events: it turns dead, asks for a
// call, and the server removes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/parser.h"
#include "http/response_head.h"
#include "http/router.h"
#include "http/server.h"
#include "loop/tcp.h"

namespace tandem::http {

class Connection;

// What all connections of a server share.
class ConnectionHost {
 public:
  ConnectionHost(loop::Loop& l, const ServerOptions& options, const Router& r)
      : loop(l),
        router(r),
        limits(options.limits),
        policy(normal(options.policy)),
        observer(options.observer),
        buffers(l, limits.buffered_bytes) {}

  // The connection wants proceed() and flush() before the loop blocks.
  virtual void touch(Connection& connection) = 0;
  // Others need the room of whoever takes longest for an answer.
  virtual void drop_slow_reader() = 0;

  loop::Loop& loop;
  const Router& router;
  const Limits limits;
  const OriginPolicy policy;
  Observer* const observer;
  BufferBudget buffers;
  bool draining = false;
  // Of the loop: its number, and what was done in it.
  uint64_t turn = 1;
  size_t requests_in_turn = 0;
  size_t read_in_turn = 0;   // bytes
  uint64_t turned_away = 0;  // connections that were too many
  DateLine date;
  std::array<char, 64 << 10> read_buffer{};

 protected:
  ~ConnectionHost() = default;
};

class Connection final : public Exchange, public loop::StreamEvents {
 public:
  Connection(ConnectionHost& host, loop::TcpStream stream);

  void start();
  // For one that is too many: a question for health or metrics is answered, anything else, and
  // silence, by 503; then it closes.
  void start_as_guest();
  // A guest that may yet send its request.
  bool is_waiting_guest() const { return is_guest_ && phase_ == Phase::kOpen && !busy(); }
  // Handles what was read and had to wait for an answer or for room.
  void proceed();
  void flush();
  // Called now and then with the loop's time.
  void check_deadline(uint64_t now_ms);
  // Finish what is in flight, then close.
  void drain();
  // Closes at once; the server removes it in the next turn.
  void die();
  bool dead() const { return phase_ == Phase::kDead; }
  // It waits for its next request, and for nothing else.
  bool idle() const {
    return phase_ == Phase::kOpen && wait_ == Wait::kNextRequest && out_.empty() && !has_input();
  }
  // It has sent a part of a head, and nothing more for a time in which others send all of it.
  bool dawdles(uint64_t now_ms) const;
  // Of two idle ones, or two that dawdle: for longer than the other.
  bool waits_longer(const Connection& other) const { return deadline_ms_ < other.deadline_ms_; }
  // Since when it takes a long answer, where that is for too long if others need the room.
  std::optional<uint64_t> slow_since_ms(uint64_t now_ms) const;
  // Gives memory back that an idle connection keeps.
  void trim();
  // The last call before its destruction: tells an event stream's owner.
  void bury();

  size_t slot = 0;       // its place in the server's table
  bool touched = false;  // it waits for its calls

  // Exchange
  void answer(const Response& response) override;
  void abandon() override;
  void begin_stream(std::string_view content_type, std::span<const NameValue> headers) override;
  bool stream_write(std::string_view bytes) override;
  void end_stream() override;
  void break_stream() override;

  // loop::StreamEvents
  std::span<char> read_buffer() override;
  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_broken(int uv_code) override;

 private:
  enum class Phase : uint8_t {
    kOpen,       // takes requests
    kClosing,    // takes no more; what is to be written goes out first
    kLingering,  // FIN sent; input is dropped until the peer closes
    kDead,
  };
  enum class Wait : uint8_t {
    kNothing,
    kRequest,
    kNextRequest,
    kAfterBlankLines,  // of a request that has not begun but for them
    kWriting,
    kLinger
  };

  // What is kept of a buffer for the next request; a bigger one is given back.
  static constexpr size_t kKeptBytes = 4 << 10;
  static void clear(std::string& text, size_t kept_bytes);

  bool busy() const { return awaiting_ || streaming_; }
  bool has_input() const { return input_used_ < input_.size(); }
  size_t parse(std::string_view bytes);
  void keep(std::string_view bytes);
  void handle_request();
  void begin_exchange();
  bool admit(const Router::Match& match);
  void dispatch(const Router::Match& match);
  void answer_options(std::string_view allow);
  void call_handler(const Router::Match& match);
  void refuse(int status, std::string_view message);
  void refuse_unknown_method();
  void turn_away();
  void answer_error(int status, std::string_view message, std::string_view allow = {});
  void write_answer(const Response& response);
  std::string_view connection_header() const;
  ResponseHead head_of_answer(int status, std::string_view content_type,
                              std::span<const NameValue> extra) const;
  void finish_request(int status, size_t bytes);
  void finish_stream();
  bool has_output_room();
  bool has_room_for(const Response& response);
  bool write_out();
  void put_body(std::string_view body, const SharedBytes& shared);
  void write_later(SharedBytes bytes, size_t held_bytes);
  void write_piece();
  size_t pending_bytes() const { return stream_.pending_bytes() + unwritten_.size(); }
  void count_held();
  void linger();
  void update_wait();
  void touch();

  ConnectionHost& host_;
  loop::TcpStream stream_;
  RequestParser parser_;
  std::string out_;        // answers whose writing has not begun
  SharedBytes unwritten_;  // of what is being written: not yet with libuv
  std::string input_;      // read, but not yet handled
  size_t input_used_ = 0;
  std::string decoded_path_;
  std::string decoded_query_;
  size_t held_bytes_ = 0;     // as the budget knows it
  size_t writing_bytes_ = 0;  // being written
  size_t handled_bytes_ = 0;  // what the handler has made of the body

  // Of the request being handled. The parser keeps its text until the answer is made.
  const Route* route_ = nullptr;
  std::string_view pattern_;
  std::string_view request_id_;
  std::string peer_;
  std::string_view origin_;  // of a page that may read the answer
  char made_id_[16] = {};
  int64_t received_ns_ = 0;

  uint64_t read_turn_ = 0;    // of the loop, in which it read last
  uint64_t deadline_ms_ = 0;  // 0: none
  size_t pending_at_deadline_ = 0;
  uint64_t writing_since_ms_ = 0;
  Phase phase_ = Phase::kOpen;
  Wait wait_ = Wait::kNothing;
  bool awaiting_ = false;    // a handler has the request
  bool in_handler_ = false;  // … and has not returned
  bool streaming_ = false;
  bool stream_over_ = false;  // its owner is to be told
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool chunked_ = false;
  bool write_pending_ = false;
  bool reading_paused_ = false;
  bool peer_ended_ = false;
  bool is_guest_ = false;
};

}  // namespace tandem::http
