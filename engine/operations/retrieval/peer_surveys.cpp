#include "engine/operations/retrieval/peer_surveys.hpp"

#include <algorithm>

namespace mpiferry::operations {

// False if that cannot be.
bool PeerSurveys::count(Rank from, wire::Part part) {
  Survey& survey = survey_of(from);
  if (survey.complete() || (survey.all != 0 && survey.all != part.of)) return false;
  survey.all = part.of;
  ++survey.received;
  return true;
}

Outcome PeerSurveys::add(Rank from, wire::SeenChunks seen, std::uint64_t chunks) {
  if (!count(from, seen.part)) return Failure{.code = Errc::unexpected_message};
  survey_of(from).seen.push_back(std::move(seen));
  return take_seen(from, chunks);
}

Outcome PeerSurveys::add(Rank from, wire::ExtraFiles extras, std::uint64_t chunks) {
  if (!count(from, extras.part)) return Failure{.code = Errc::unexpected_message};
  extras_.emplace_back(from, std::move(extras));
  return take_seen(from, chunks);
}

// Once all have come: in the order in which they were sent.
Outcome PeerSurveys::take_seen(Rank from, std::uint64_t chunks) {
  Survey& survey = survey_of(from);
  if (!survey.complete()) return Nothing{};
  std::ranges::sort(survey.seen, {}, [](const auto& it) { return it.part.number; });
  for (const wire::SeenChunks& seen : std::exchange(survey.seen, {})) {
    if (seen.runs.empty() || locations_.add(from, seen, chunks)) continue;
    return Failure{.code = Errc::bad_field, .detail = "seen chunks: chunks that cannot be"};
  }
  return Nothing{};
}

bool PeerSurveys::complete() const noexcept {
  return std::ranges::all_of(surveys_, &Survey::complete);
}

std::vector<Rank> PeerSurveys::silent(clock::Time now, clock::Duration patience) {
  if (!waiting_since_) waiting_since_ = now;
  std::vector<Rank> silent;
  if (now - *waiting_since_ <= patience) return silent;
  for (std::size_t i = 0; i < surveys_.size(); ++i) {
    if (!surveys_[i].complete()) silent.push_back(Rank{static_cast<int>(i) + 1});
  }
  return silent;
}

}  // namespace mpiferry::operations
