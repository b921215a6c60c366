// How kernels share out their work in two directions. Results never depend on it: the order of a sum depends on its length alone.
#pragma once
#include <algorithm>

#include "kernels.h"
#include "pool.h"

namespace easel::cpu {

/// Runs of rows by runs of columns; a unit of columns is a panel.
struct Split {
  long height, down, wide, across;
  /// The columns of a node's threads stay with them, so that it reads its own part of a matrix. Otherwise items beside each other share rows.
  bool by_columns;
  long items() const { return down * across; }
  /// First row, and first column unit, of an item.
  long row(long item) const { return (by_columns ? item % down : item / across) * height; }
  long column(long item) const { return (by_columns ? item / down : item % across) * wide; }
};

/// What an item takes, in units of one row by one column unit.
struct Costs {
  /// For each column unit of an item, beside its rows: reading what all rows share.
  double column = 12;
  /// For each row, beside its columns: preparing it.
  double row = 0.2;
};

/// The longest of the threads' times when they share the items evenly.
inline double longest(long items, long height, long wide, const Costs& costs, int threads) {
  return static_cast<double>((items + threads - 1) / threads) * (static_cast<double>(height) + costs.column) *
         (static_cast<double>(wide) + costs.row);
}

/// Runs of at most `most` rows, in multiples of `unit`, by runs of columns. Where every thread has several of the usual size, they stay;
/// otherwise the sizes are those whose longest thread is the shortest.
inline Split split(long rows, long columns, long most, long unit, const Costs& costs = {}, int count = threads()) {
  const auto shaped = [=](long height, long wide) {
    return Split{height, (rows + height - 1) / height, wide, (columns + wide - 1) / wide, nodes() > 1};
  };
  const long runs = std::max(1L, (rows + most - 1) / most);
  const long usual = std::max(unit, ((rows + runs - 1) / runs + unit - 1) / unit * unit), down = std::max(1L, (rows + usual - 1) / usual);
  long across = 1;
  // Only where rows need little preparation.
  while (costs.row < 0.5 && down * across < 4L * count && columns / (across * 2) >= 2) across *= 2;
  Split best = shaped(usual, std::max(1L, (columns + across - 1) / across));
  const auto time_of = [&](const Split& one) { return longest(one.items(), one.height, one.wide, costs, count); };
  const double ideal = static_cast<double>(rows) * static_cast<double>(columns) / count;
  double least = time_of(best);
  if (count == 1 || ideal >= 0.85 * least) return best;
  for (long height = usual; height >= unit; height -= unit) {
    // Only the widest of those that make equally many runs.
    for (long parts = 1; parts <= std::min(columns, 4L * count); parts++) {
      const Split one = shaped(height, (columns + parts - 1) / parts);
      if (const double time = time_of(one); time < 0.97 * least) best = one, least = time;
    }
  }
  return best;
}

/// Queries of an item of attention: the most, or a half or a quarter where threads would wait for others. Divisors, so that a causal query sees
/// the same blocks of keys however they are split.
inline long attention_rows(const AttentionShape& s, long most, int count = threads()) {
  constexpr double keys = 12;  // reading the keys and values takes as long as so many queries
  long best = most;
  double least = 1e300;
  for (const long each : {most, most / 2, most / 4}) {
    const long items = s.batch * s.heads * ((s.queries + each - 1) / each);
    const double time = static_cast<double>((items + count - 1) / count) * (static_cast<double>(each) + keys);
    if (time < 0.97 * least) best = each, least = time;
  }
  return best;
}

/// Items of so many elements each that every thread has some: the usual number, or fewer, down to an eighth.
inline long even_run(long elements, long usual, int count = threads()) {
  return std::clamp(elements / (4L * count), std::max(1L, usual / 8), std::max(1L, usual));
}

}  // namespace easel::cpu
