// A queue whose picture costs next to nothing, however long it is: it lies in chunks, which a
// picture shares. A picture may be read and freed by another thread while the queue goes on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace tandem::repl {

template <typename T>
class ChunkQueue {
 public:
  static constexpr size_t kChunk = 1024;

 private:
  struct Chunk {
    uint64_t generation = 0;  // of the queue when it was made
    std::array<T, kChunk> items{};
  };
  // Shared with pictures, which may outlive the queue.
  using ChunkPtr = std::shared_ptr<Chunk>;

 public:
  class Picture {
   public:
    // Calls visit(item) in order until it gives false; false then.
    template <typename Visit>
    bool visit(Visit&& visit) const {
      for (size_t i = begin_; i < end_; ++i) {
        if (!visit(chunks_[i / kChunk]->items[i % kChunk])) return false;
      }
      return true;
    }

   private:
    friend class ChunkQueue;
    std::vector<std::shared_ptr<const Chunk>> chunks_;
    size_t begin_ = 0;
    size_t end_ = 0;
  };

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  T& front() { return at(begin_); }

  // Where the item is from now on: nothing but replace() moves it.
  T* push_back(T item) {
    if (end_ == chunks_.size() * kChunk) {
      chunks_.push_back(std::make_shared<Chunk>());
      chunks_.back()->generation = generation_;
    }
    // A picture ends before this place.
    T& place = at(end_);
    place = std::move(item);
    ++end_;
    return &place;
  }

  void pop_front() {
    // What a picture shows stays until its chunk goes.
    if (chunks_.front()->generation == generation_) front() = T();
    if (++begin_ < kChunk && begin_ < end_) return;
    chunks_.pop_front();
    end_ -= std::min(end_, kChunk);
    begin_ = 0;
  }

  // Puts another item into a place of this queue. Where a picture shows the old one all items of
  // its chunk move: moved(from, to) is called for each.
  template <typename Moved>
  void replace(T* place, T item, Moved&& moved) {
    for (size_t c = chunks_.size(); c-- > 0;) {
      const ChunkPtr& chunk = chunks_[c];
      if (place < chunk->items.data() || place >= chunk->items.data() + kChunk) continue;
      if (chunk->generation != generation_) place = own(c, place, moved);
      *place = std::move(item);
      return;
    }
  }

  void clear() {
    chunks_.clear();
    begin_ = end_ = 0;
  }

  Picture picture() const {
    ++generation_;
    Picture picture;
    picture.chunks_.assign(chunks_.begin(), chunks_.end());
    picture.begin_ = begin_;
    picture.end_ = end_;
    return picture;
  }

 private:
  T& at(size_t i) { return chunks_[i / kChunk]->items[i % kChunk]; }

  template <typename Moved>
  T* own(size_t c, T* place, Moved&& moved) {
    const ChunkPtr old = std::exchange(chunks_[c], std::make_shared<Chunk>());
    Chunk& chunk = *chunks_[c];
    chunk.generation = generation_;
    for (size_t i = 0; i < kChunk; ++i) {
      const size_t number = c * kChunk + i;
      if (number < begin_ || number >= end_) continue;
      chunk.items[i] = old->items[i];
      moved(&old->items[i], &chunk.items[i]);
    }
    return &chunk.items[static_cast<size_t>(place - old->items.data())];
  }

  std::deque<ChunkPtr> chunks_;
  size_t begin_ = 0;                 // in the first chunk
  size_t end_ = 0;                   // counted from the first chunk's start
  mutable uint64_t generation_ = 0;  // rises with each picture
};

}  // namespace tandem::repl
