#include "rpc/inbox.h"

#include "base/check.h"

namespace tandem::rpc {
namespace {

void set_bytes(nng_aio* aio, char* data, size_t size) {
  nng_iov bytes{};
  bytes.iov_buf = data;
  bytes.iov_len = size;
  CHECK(nng_aio_set_iov(aio, 1, &bytes) == 0);
}

}  // namespace

void Inbox::push(const Completion& completion) {
  const std::lock_guard<std::mutex> lock(mutex_);
  completions_.push_back(completion);
  // Where there was one already, the loop is on its way.
  if (completions_.size() == 1) waker_.wake();
}

std::vector<Completion> Inbox::take() {
  std::vector<Completion> taken;
  const std::lock_guard<std::mutex> lock(mutex_);
  taken.swap(completions_);
  return taken;
}

Operation::Operation(Inbox& inbox, Completion::What what, uint32_t pipe)
    : inbox_(inbox), what_(what), pipe_(pipe) {
  CHECK_MSG(nng_aio_alloc(&aio_, on_finished, this) == 0, "out of memory");
}

Operation::~Operation() {
  nng_aio_stop(aio_);
  nng_aio_free(aio_);
}

nng_aio* Operation::over(char* data, size_t size) {
  set_bytes(aio_, data, size);
  return aio_;
}

void Operation::on_finished(void* self) {
  auto* operation = static_cast<Operation*>(self);
  Completion completion;
  completion.what = operation->what_;
  completion.pipe = operation->pipe_;
  completion.code = nng_aio_result(operation->aio_);
  completion.bytes = nng_aio_count(operation->aio_);
  if (completion.what == Completion::What::kConnected && completion.code == 0) {
    completion.stream = static_cast<nng_stream*>(nng_aio_get_output(operation->aio_, 0));
  }
  operation->inbox_.push(completion);
}

// Without a callback NNG has nothing to hand to its threads.
ImmediateSend::ImmediateSend() {
  CHECK_MSG(nng_aio_alloc(&aio_, nullptr, nullptr) == 0, "out of memory");
}

ImmediateSend::~ImmediateSend() { nng_aio_free(aio_); }

size_t ImmediateSend::send(nng_stream* stream, char* data, size_t size) {
  set_bytes(aio_, data, size);
  nng_stream_send(stream, aio_);
  // NNG has tried to write by now. Where that was in vain it waits for room: not for us. A stream's
  // send ends with the first bytes that were written, so that a cancelled one has sent none.
  nng_aio_cancel(aio_);
  nng_aio_wait(aio_);
  return nng_aio_result(aio_) == 0 ? nng_aio_count(aio_) : 0;
}

}  // namespace tandem::rpc
