/**
 * The traffic between two readings of an endpoint's counters.
 *
 * @typedef {{count: number, errors: number, rows: number, buckets: [number | null, number][]}} Counts
 * @typedef {{rate: number, p50: number | null, p95: number | null}} Rates
 */

/**
 * Return the rate of requests and their latencies between two readings. If the count has fallen, the endpoint restarted.
 * @param {Counts | null} before
 * @param {Counts} after
 * @param {number} seconds
 * @returns {Rates}
 */
export function between(before, after, seconds) {
  const base = before && before.count <= after.count ? before : null;
  const buckets = after.buckets.map(([limit, count], at) => /** @type {[number | null, number]} */ ([limit, count - (base?.buckets[at]?.[1] ?? 0)]));
  return { rate: (after.count - (base?.count ?? 0)) / seconds, p50: quantile(buckets, 0.5), p95: quantile(buckets, 0.95) };
}

/**
 * Return the seconds within which a share of the requests was answered, between the limits of two buckets.
 * @param {[number | null, number][]} buckets ascending, each with the requests up to its limit
 * @param {number} share
 * @returns {number | null}
 */
export function quantile(buckets, share) {
  const wanted = share * (buckets.at(-1)?.[1] ?? 0);
  let [below, already] = [0, 0];
  for (const [limit, count] of buckets) {
    if (wanted > 0 && count >= wanted) return limit === null ? below : below + ((limit - below) * (wanted - already)) / (count - already || 1);
    [below, already] = [limit ?? below, count];
  }
  return null;
}
