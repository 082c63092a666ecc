#include "loop/loop.h"

#include "base/check.h"
#include "base/signals_blocked.h"

namespace tandem::loop {
namespace {

template <typename Handle>
internal::Owned<Handle> make_handle(void* self) {
  auto handle = internal::Owned<Handle>(std::make_unique<Handle>().release());
  handle->data = self;
  return handle;
}

}  // namespace

tl::unexpected<Error> fail_uv(const std::string& what, int uv_code) {
  tl::unexpected<Error> failure = fail_errno(what, -uv_code);
  return fail(failure.value().kind, what + ": " + uv_strerror(uv_code));
}

int Loop::open() {
  const int code = uv_loop_init(&loop_);
  is_open_ = code == 0;
  CHECK(!is_open_ || uv_loop_configure(&loop_, UV_METRICS_IDLE_TIME) == 0);  // see turns.h
  return code;
}

Loop::Loop() { CHECK(open() == 0); }
Loop::Loop(Unopened) {}

Result<std::unique_ptr<Loop>> Loop::make() {
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<Loop> loop(new Loop(Unopened()));
  if (const int code = loop->open(); code != 0) return fail_uv("cannot make an event loop", code);
  return loop;
}

Loop::~Loop() {
  if (!is_open_) return;
  // Handles closed by their owners still wait for their close callback.
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK_MSG(uv_loop_close(&loop_) == 0, "a handle outlived its loop");
}

void Loop::run() { uv_run(&loop_, UV_RUN_DEFAULT); }
void Loop::run_once_nowait() { uv_run(&loop_, UV_RUN_NOWAIT); }
void Loop::run_once() { uv_run(&loop_, UV_RUN_ONCE); }
void Loop::stop() { uv_stop(&loop_); }
uint64_t Loop::now_ms() const { return uv_now(&loop_); }

Timer::Timer(Loop& loop, UniqueFunction<void()> callback)
    : callback_(std::move(callback)), handle_(make_handle<uv_timer_t>(this)) {
  CHECK(uv_timer_init(loop.raw(), handle_.get()) == 0);
}

void Timer::start(uint64_t delay_ms, uint64_t repeat_ms) {
  // The loop's cached time may be old after a long callback; the delay counts from now.
  uv_update_time(handle_->loop);
  CHECK(uv_timer_start(
            handle_.get(), [](uv_timer_t* h) { static_cast<Timer*>(h->data)->callback_(); },
            delay_ms, repeat_ms) == 0);
}

void Timer::stop() { uv_timer_stop(handle_.get()); }
bool Timer::active() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(handle_.get())) != 0;
}
void Timer::unref() { uv_unref(reinterpret_cast<uv_handle_t*>(handle_.get())); }

Prepare::Prepare(Loop& loop, UniqueFunction<void()> callback)
    : callback_(std::move(callback)), handle_(make_handle<uv_prepare_t>(this)) {
  CHECK(uv_prepare_init(loop.raw(), handle_.get()) == 0);
  CHECK(uv_prepare_start(handle_.get(), [](uv_prepare_t* h) {
          static_cast<Prepare*>(h->data)->callback_();
        }) == 0);
  uv_unref(reinterpret_cast<uv_handle_t*>(handle_.get()));
}

Idle::Idle(Loop& loop, UniqueFunction<void()> callback)
    : callback_(std::move(callback)), handle_(make_handle<uv_idle_t>(this)) {
  CHECK(uv_idle_init(loop.raw(), handle_.get()) == 0);
}

void Idle::start() {
  uv_idle_start(handle_.get(), [](uv_idle_t* h) { static_cast<Idle*>(h->data)->callback_(); });
}
void Idle::stop() { uv_idle_stop(handle_.get()); }
bool Idle::active() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(handle_.get())) != 0;
}

Waker::Waker(Loop& loop, UniqueFunction<void()> callback)
    : callback_(std::move(callback)), handle_(make_handle<uv_async_t>(this)) {
  CHECK(uv_async_init(loop.raw(), handle_.get(), [](uv_async_t* h) {
          if (h->data != nullptr) static_cast<Waker*>(h->data)->callback_();
        }) == 0);
}

void Waker::wake() { uv_async_send(handle_.get()); }

Poll::Poll(Loop& loop, int fd, UniqueFunction<void(int events)> callback)
    : callback_(std::move(callback)), handle_(make_handle<uv_poll_t>(this)) {
  CHECK(uv_poll_init(loop.raw(), handle_.get(), fd) == 0);
}

void Poll::start(int events) {
  CHECK(uv_poll_start(handle_.get(), events, [](uv_poll_t* h, int status, int got) {
          static_cast<Poll*>(h->data)->callback_(status < 0 ? status : got);
        }) == 0);
}
void Poll::stop() { uv_poll_stop(handle_.get()); }

Signal::Signal(Loop& loop, int signal_number, UniqueFunction<void()> callback)
    : callback_(std::move(callback)), handle_(make_handle<uv_signal_t>(this)) {
  CHECK(uv_signal_init(loop.raw(), handle_.get()) == 0);
  CHECK(uv_signal_start(
            handle_.get(), [](uv_signal_t* h, int) { static_cast<Signal*>(h->data)->callback_(); },
            signal_number) == 0);
  uv_unref(reinterpret_cast<uv_handle_t*>(handle_.get()));
}

FileWatch::FileWatch(Loop& loop, UniqueFunction<void()> callback)
    : callback_(std::move(callback)), handle_(make_handle<uv_fs_event_t>(this)) {
  CHECK(uv_fs_event_init(loop.raw(), handle_.get()) == 0);
}

Status FileWatch::start(const std::string& path) {
  const int code = uv_fs_event_start(
      handle_.get(),
      [](uv_fs_event_t* h, const char*, int, int) {
        static_cast<FileWatch*>(h->data)->callback_();
      },
      path.c_str(), 0);
  if (code != 0) return fail_uv("cannot watch '" + path + "'", code);
  return {};
}
void FileWatch::stop() { uv_fs_event_stop(handle_.get()); }

namespace {
struct WorkItem {
  uv_work_t request{};
  UniqueFunction<void()> work;
  UniqueFunction<void()> done;
};
}  // namespace

void run_work(Loop& loop, UniqueFunction<void()> work, UniqueFunction<void()> done) {
  auto item = std::make_unique<WorkItem>();
  item->work = std::move(work);
  item->done = std::move(done);
  item->request.data = item.get();
  WorkItem* raw = item.release();
  const SignalsBlocked blocked;  // the first work starts libuv's threads
  CHECK(uv_queue_work(
            loop.raw(), &raw->request,
            [](uv_work_t* request) { static_cast<WorkItem*>(request->data)->work(); },
            [](uv_work_t* request, int) {
              const std::unique_ptr<WorkItem> owned(static_cast<WorkItem*>(request->data));
              owned->done();
            }) == 0);
}

}  // namespace tandem::loop
