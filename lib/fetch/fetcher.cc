#include "fetch/fetcher.h"

#include <curl/curl.h>

#include <array>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "fetch/curl_failure.h"

namespace tandem::fetch {
namespace {

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiCloser {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;
using Multi = std::unique_ptr<CURLM, MultiCloser>;
using List = std::unique_ptr<curl_slist, ListCloser>;

void init_curl_once() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(code == CURLE_OK);
}

// One request under way. libcurl points at it, so it stays where it is.
struct Transfer {
  uint64_t id = 0;
  size_t max_body = 0;
  bool too_large = false;
  std::array<char, CURL_ERROR_SIZE> detail{};  // of what went wrong
  Easy easy;
  List headers;
  Request request;
  Fetcher::Completion completion;
  Answer answer;

  int status() const {
    long code = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }

  static size_t on_header(char* data, size_t, size_t size, void* self) {
    std::string& head = static_cast<Transfer*>(self)->answer.head;
    const std::string_view line(data, size);
    // A new status line: what came before belongs to an interim answer such as 100.
    if (line.starts_with("HTTP/")) head.clear();
    head += line;
    return size;
  }

  static size_t on_body(char* data, size_t, size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.request.on_body && transfer.status() / 100 == 2) {
      transfer.request.on_body({data, size});
      return size;
    }
    std::string& body = transfer.answer.body;
    transfer.too_large = body.size() + size > transfer.max_body;
    if (transfer.too_large) return 0;  // makes libcurl give up
    body.append(data, size);
    return size;
  }
};

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

void add_header(List& list, const char* line) {
  curl_slist* longer = curl_slist_append(list.get(), line);
  CHECK(longer != nullptr);
  static_cast<void>(list.release());
  list.reset(longer);
}

void set_method(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  const std::string& method = transfer.request.method;
  const std::string& body = transfer.request.body;
  if (method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (method == "PUT" || method == "POST" || !body.empty()) {
    set(easy, CURLOPT_POSTFIELDS, body.data());
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else {
    set(easy, CURLOPT_HTTPGET, 1L);
    if (method != "GET") set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void set_headers(Transfer& transfer) {
  transfer.headers.reset();
  // A body's type is the caller's to say, and nobody waits for a "100 Continue".
  add_header(transfer.headers, "Content-Type:");
  add_header(transfer.headers, "Expect:");
  for (const std::string& line : transfer.request.headers) {
    add_header(transfer.headers, line.c_str());
  }
  set(transfer.easy.get(), CURLOPT_HTTPHEADER, transfer.headers.get());
}

void set_destination(CURL* easy, const Request& request) {
  set(easy, CURLOPT_URL, request.url.c_str());
  if (!request.unix_socket.empty()) {
    set(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  const Tls& tls = request.tls;
  if (!tls.ca_file.empty()) set(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
  if (tls.cert_file.empty()) return;
  set(easy, CURLOPT_SSLCERT, tls.cert_file.c_str());
  set(easy, CURLOPT_SSLKEY, (tls.key_file.empty() ? tls.cert_file : tls.key_file).c_str());
}

void prepare(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  const Request& request = transfer.request;
  curl_easy_reset(easy);  // connections stay
  set(easy, CURLOPT_PRIVATE, &transfer);
  transfer.detail.front() = '\0';
  set(easy, CURLOPT_ERRORBUFFER, transfer.detail.data());
  set_destination(easy, request);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  // Without NOSIGNAL a slow look-up of a name ends by SIGALRM; PROXY would come from http_proxy.
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_USERAGENT, "tandem");
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  if (request.once) {
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set_method(transfer);
  set_headers(transfer);
}

// Where the request went, for messages.
std::string name_of(const Request& request) {
  return request.unix_socket.empty() ? "'" + request.url + "'"
                                     : "'" + request.url + "' by '" + request.unix_socket + "'";
}

int uv_events(int what) {
  switch (what) {
    case CURL_POLL_IN:
      return UV_READABLE;
    case CURL_POLL_OUT:
      return UV_WRITABLE;
    default:
      return UV_READABLE | UV_WRITABLE;
  }
}

}  // namespace

class Fetcher::Impl {
 public:
  Impl(loop::Loop& loop, Limits limits)
      : loop_(loop), limits_(limits), timer_(loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }) {
    init_curl_once();
    multi_.reset(curl_multi_init());
    CHECK(multi_ != nullptr);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Impl::on_curl_socket);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Impl::on_curl_timer);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(limits.max_in_flight));
  }

  ~Impl() {
    for (auto& [id, transfer] : running_) {
      curl_multi_remove_handle(multi_.get(), transfer->easy.get());
    }
  }

  Result<uint64_t> fetch(Request request, Completion completion) {
    if (running_.size() >= limits_.max_in_flight) {
      return fail(ErrorKind::kBusy, std::to_string(running_.size()) +
                                        " requests are in flight, more than that are not allowed");
    }
    std::unique_ptr<Transfer> transfer = take_idle();
    transfer->id = ++last_id_;
    transfer->max_body = limits_.max_body;
    transfer->request = std::move(request);
    transfer->completion = std::move(completion);
    prepare(*transfer);
    CHECK(curl_multi_add_handle(multi_.get(), transfer->easy.get()) == CURLM_OK);
    const uint64_t id = transfer->id;
    running_.emplace(id, std::move(transfer));
    return id;
  }

  void cancel(uint64_t id) {
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    running_.erase(found);
    give_back(std::move(transfer));
  }

  size_t in_flight() const { return running_.size(); }

 private:
  static int on_curl_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<Impl*>(self)->watch(fd, what);
    return 0;
  }

  static int on_curl_timer(CURLM*, long delay_ms, void* self) {
    loop::Timer& timer = static_cast<Impl*>(self)->timer_;
    // Also for 0: libcurl must not be called from inside itself.
    if (delay_ms < 0) {
      timer.stop();
    } else {
      timer.start(static_cast<uint64_t>(delay_ms));
    }
    return 0;
  }

  // A watch is stopped, not destroyed, when libcurl lets go of a descriptor: between two requests
  // on one connection that happens each time, and a later socket may get the same number.
  void watch(int fd, int what) {
    std::unique_ptr<loop::Poll>& poll = polls_[fd];
    if (what == CURL_POLL_REMOVE) {
      if (poll != nullptr) poll->stop();
      return;
    }
    if (poll == nullptr) {
      poll = std::make_unique<loop::Poll>(loop_, fd, [this, fd](int events) {
        int mask = 0;
        if (events < 0) mask = CURL_CSELECT_ERR;
        if (events > 0 && (events & UV_READABLE) != 0) mask |= CURL_CSELECT_IN;
        if (events > 0 && (events & UV_WRITABLE) != 0) mask |= CURL_CSELECT_OUT;
        act(fd, mask);
      });
    }
    poll->start(uv_events(what));
  }

  void act(curl_socket_t fd, int mask) {
    int still_running = 0;
    CHECK(curl_multi_socket_action(multi_.get(), fd, mask, &still_running) == CURLM_OK);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
    }
  }

  void finish(CURL* easy, CURLcode code) {
    void* raw = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &raw);
    const auto found = running_.find(static_cast<Transfer*>(raw)->id);
    CHECK(found != running_.end());
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    running_.erase(found);
    Result<Answer> result = result_of(*transfer, code);
    Completion completion = std::move(transfer->completion);
    give_back(std::move(transfer));
    completion(std::move(result));
  }

  static Result<Answer> result_of(Transfer& transfer, CURLcode code) {
    if (transfer.too_large) {
      return fail(ErrorKind::kTooLarge, "the answer of " + name_of(transfer.request) +
                                            " is longer than " + std::to_string(transfer.max_body) +
                                            " bytes");
    }
    if (code != CURLE_OK) {
      return fail(curl_failure(transfer.easy.get(), code, name_of(transfer.request),
                               transfer.detail.data(), transfer.request.tls));
    }
    transfer.answer.status = transfer.status();
    return std::move(transfer.answer);
  }

  std::unique_ptr<Transfer> take_idle() {
    if (idle_.empty()) {
      auto fresh = std::make_unique<Transfer>();
      fresh->easy.reset(curl_easy_init());
      CHECK(fresh->easy != nullptr);
      return fresh;
    }
    std::unique_ptr<Transfer> transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
  }

  void give_back(std::unique_ptr<Transfer> transfer) {
    curl_multi_remove_handle(multi_.get(), transfer->easy.get());
    transfer->request = Request{};
    transfer->answer = Answer{};
    transfer->completion = nullptr;
    transfer->too_large = false;
    idle_.push_back(std::move(transfer));
  }

  loop::Loop& loop_;
  const Limits limits_;
  loop::Timer timer_;
  std::unordered_map<int, std::unique_ptr<loop::Poll>> polls_;
  std::vector<std::unique_ptr<Transfer>> idle_;  // at most max_in_flight, ready to be used again
  std::unordered_map<uint64_t, std::unique_ptr<Transfer>> running_;
  uint64_t last_id_ = 0;
  Multi multi_;  // goes first: closing its connections still calls watch()
};

Fetcher::Fetcher(loop::Loop& loop, Limits limits) : impl_(std::make_unique<Impl>(loop, limits)) {}
Fetcher::~Fetcher() = default;

Result<uint64_t> Fetcher::fetch(Request request, Completion completion) {
  return impl_->fetch(std::move(request), std::move(completion));
}
void Fetcher::cancel(uint64_t id) { impl_->cancel(id); }
size_t Fetcher::in_flight() const { return impl_->in_flight(); }

}  // namespace tandem::fetch
