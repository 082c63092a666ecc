// What the world does to processes, disks and the record.
#include "moves.h"

namespace tandem::model {

void Moves::process_faults(int i) {
  if (s_.crashes < opt.crashes) {
    start_over();
    ++t_.crashes;
    restart(t_, i);
    emit(Move::kCrash, i);
  }
  if (has(opt.wipers, i) && s_.wipes < opt.wipes && !has(s_.wiped, i)) {
    start_over();
    ++t_.wipes;
    t_.wiped |= static_cast<uint8_t>(1 << i);
    clear(t_.replicas[i]);
    t_.replicas[i].answered = static_cast<uint8_t>(opt.reads ? opt.lease : 0);
    emit(Move::kWipe, i);
  }
}

// A process dies, and starts on an earlier image of its disk.
void Moves::disk_faults(int i) {
  if (!has(opt.rollers, i) || has(s_.rolled_back, i) || has(s_.wiped, i)) return;
  if (s_.rollbacks >= opt.rollbacks) return;
  const Replica& r = s_.replicas[i];
  const Image& image = s_.images[i];
  if (opt.images && !image.taken) {
    start_over();
    Image& taken = t_.images[i];
    clear(taken);
    taken.promise = r.promise;
    taken.len = r.durable;
    taken.mark = r.mark;
    taken.taken = 1;
    std::memcpy(taken.log, r.log, r.durable * sizeof(Entry));
    emit(Move::kImage, i);
  }
  start_over();
  restart(t_, i);
  Replica& q = t_.replicas[i];
  q.promise = image.promise;
  q.len = q.durable = image.len;
  q.mark = image.mark;
  std::memcpy(q.log, image.log, sizeof(q.log));
  ++t_.rollbacks;
  t_.rolled_back |= static_cast<uint8_t>(1 << i);
  for (int k = 0; k < kReplicas; ++k) {
    if (k == i || t_.rollbacks >= opt.rollbacks) clear(t_.images[k]);
  }
  emit(Move::kRollBack, i);
}

void Moves::record_faults() {
  if (s_.go_backs >= opt.go_backs) return;
  if (opt.images && !s_.record_image_taken) {
    start_over();
    t_.record_image = s_.record;
    t_.record_image_taken = 1;
    emit(Move::kImageRecord);
  }
  if (same_bytes(s_.record_image, s_.record)) return;
  start_over();
  ++t_.go_backs;
  t_.record = s_.record_image;
  if (opt.restore >= 1) clear(t_.swaps);
  for (int i = 0; i < kReplicas; ++i) {
    Replica& r = t_.replicas[i];
    if (opt.restore == 2 && r.lead && r.lead < s_.record.epoch) step_down(r);
    if (opt.restore == 3) restart(t_, i);
  }
  for (Message& m : t_.messages) {
    if (opt.restore == 3 || (opt.restore && m.type == kSwapDone)) clear(m);
  }
  if (t_.go_backs >= opt.go_backs) {
    clear(t_.record_image);
    t_.record_image_taken = 0;
  }
  emit(Move::kGoBack);
}

}  // namespace tandem::model
