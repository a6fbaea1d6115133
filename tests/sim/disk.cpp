#include "tests/sim/disk.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mpiferry::sim {

Disk::Disk(Rank rank, Faults& faults, const Scenario& scenario, Random random)
    : rank_(rank), faults_(faults), scenario_(scenario), random_(random) {}

Duration Disk::delay() {
  if (stuck_) {
    faults_.happened(Fault::disk_stuck);
    return kForEver;
  }
  if (slowness_ > 1) faults_.happened(Fault::disk_slow);
  return scenario_.vary(scenario_.write, random_) * static_cast<Duration::rep>(slowness_);
}

DiskError Disk::call(wire::WriteCall call) {
  faults_.on(Occasion::write, rank_, [this](const Plan& plan) {
    switch (plan.fault) {
      case Fault::disk_full:
        room_ = plan.size % (scenario_.chunk_size.value + 1);
        break;
      case Fault::disk_error:
        failing_ = true;
        break;
      case Fault::short_write:
        short_write_ = true;
        break;
      case Fault::disk_slow:
        slowness_ = plan.size;
        break;
      case Fault::disk_stuck:
        stuck_ = true;
        break;
      default:
        break;
    }
  });
  if (!std::exchange(failing_, false)) return {};
  faults_.happened(Fault::disk_error);
  return {call, EIO};
}

DiskError Disk::open(Part* part) {
  *part = std::make_shared<File>();
  return call(wire::WriteCall::open);
}

DiskError Disk::append(File& part, std::span<const std::byte> bytes) {
  do {
    if (const DiskError error = call(wire::WriteCall::write)) return error;
    std::size_t length = bytes.size();
    if (length > 1 && std::exchange(short_write_, false)) {
      faults_.happened(Fault::short_write);
      length = 1 + random_.below(length - 1);
    }
    length = std::min<std::size_t>(length, room_);
    if (length == 0 && !bytes.empty()) {
      faults_.happened(Fault::disk_full);
      return {wire::WriteCall::write, ENOSPC};
    }
    if (room_ != UINT64_MAX) room_ -= length;
    const auto done = bytes.first(length);
    part.bytes.insert(part.bytes.end(), done.begin(), done.end());
    bytes = bytes.subspan(length);
  } while (!bytes.empty());
  return {};
}

DiskError Disk::sync(File& part) {
  if (const DiskError error = call(wire::WriteCall::sync)) return error;
  part.synced = part.bytes.size();
  return {};
}

DiskError Disk::rename(const Part& part, std::uint64_t name) {
  if (const DiskError error = call(wire::WriteCall::rename)) return error;
  content_.visible[name] = part;
  if (on_visible) on_visible(name, part->bytes);
  return {};
}

DiskError Disk::sync_names() {
  if (const DiskError error = call(wire::WriteCall::sync)) return error;
  content_.durable = content_.visible;
  return {};
}

DiskError Disk::sync_all() {
  if (const DiskError error = sync_names()) return error;
  for (const auto& [name, file] : content_.visible) file->synced = file->bytes.size();
  return {};
}

DiskError Disk::publish(std::uint64_t name, std::span<const std::byte> bytes, bool durable) {
  Part part;
  DiskError error = open(&part);
  if (!error) error = append(*part, bytes);
  if (!error && durable) error = sync(*part);
  if (!error) error = rename(part, name);
  if (!error && durable) error = sync_names();
  return error;
}

const std::vector<std::byte>* Disk::find(std::uint64_t name) const {
  const auto found = content_.visible.find(name);
  return found == content_.visible.end() ? nullptr : &found->second->bytes;
}

const Disk::File* Disk::find_durable(std::uint64_t name) const {
  const auto found = content_.durable.find(name);
  return found == content_.durable.end() ? nullptr : found->second.get();
}

void Disk::power_cut() {
  std::erase_if(content_.visible, [this](const auto& entry) {
    return !content_.durable.contains(entry.first) && random_.one_in(2);
  });
  for (auto& [name, file] : content_.visible) {
    const auto was = content_.durable.find(name);
    if (was != content_.durable.end() && was->second != file && random_.one_in(2))
      file = was->second;
    file->bytes.resize(file->synced);
  }
  content_.durable = content_.visible;
}

void decay(Disk::Content& content, Random& random) {
  constexpr std::uint64_t kOneFileIn = 16;
  std::erase_if(content.visible, [&](auto& entry) {
    std::vector<std::byte>& bytes = entry.second->bytes;
    if (bytes.empty() || !random.one_in(kOneFileIn)) return false;
    if (random.one_in(3)) return true;
    if (random.one_in(2)) {
      bytes[random.below(bytes.size())] ^= std::byte{1};
    } else {
      bytes.resize(random.below(bytes.size()));
      entry.second->synced = bytes.size();
    }
    return false;
  });
  content.durable = content.visible;
}

}  // namespace mpiferry::sim
