/* What the models share: sizes, sets as bits, and the sorting of nodes.
 *
 *   N=, A=   nodes (3 or 5), attempts (1 to 3)
 *   NAMED    nodes keep their numbers, for a trace that can be read (many more states)
 */
#ifndef N
#define N 3
#endif
#ifndef A
#define A 2
#endif
#define Q (N / 2 + 1)
#define ALL ((1 << N) - 1)

#define BIT(m, i) (((m) >> (i)) & 1)
#define WITHOUT(m, i) ((m) & (255 - (1 << (i))))
#define SIZE(m) (BIT(m, 0) + BIT(m, 1) + BIT(m, 2) + BIT(m, 3) + BIT(m, 4))
#if N == 3
#define SET(what, a) (what(a, 0) + 2 * what(a, 1) + 4 * what(a, 2))
#define EACH(step) step(0) step(1) step(2)
#else
#define SET(what, a) (what(a, 0) + 2 * what(a, 1) + 4 * what(a, 2) + 8 * what(a, 3) + 16 * what(a, 4))
#define EACH(step) step(0) step(1) step(2) step(3) step(4)
#endif
#if A == 1
#define SOME(what, i) (what(0, i))
#elif A == 2
#define SOME(what, i) (what(0, i) || what(1, i))
#else
#define SOME(what, i) (what(0, i) || what(1, i) || what(2, i))
#endif

/* Nodes are alike: whatever one may do, another in its state may do. So states that differ only in the nodes' numbers
 * are one state, and sorting the nodes after a step loses nothing but the numbers. A model lists in PER_NODE all that
 * it keeps for each node: OF_NODE one number, OF_BOTH one for each attempt and node, IN_SET a set of nodes, IN_SETS one
 * for each attempt, KNOWN a set of nodes that each node keeps. */
#ifdef NAMED
#define SORT skip
#else
#define SORT c_code { sort(); }
c_code {
    static int compare(int i, int j) {
        int a, d;
#define OF_NODE(x) if ((d = now.x[i] - now.x[j])) return d;
#define OF_BOTH(x) for (a = 0; a < A; a++) if ((d = now.x[a * N + i] - now.x[a * N + j])) return d;
#define IN_SET(x) if ((d = BIT(now.x, i) - BIT(now.x, j))) return d;
#define IN_SETS(x) for (a = 0; a < A; a++) if ((d = BIT(now.x[a], i) - BIT(now.x[a], j))) return d;
#define KNOWN(x) if ((d = SIZE(now.x[i]) - SIZE(now.x[j]))) return d;
        PER_NODE
#undef OF_NODE
#undef OF_BOTH
#undef IN_SET
#undef IN_SETS
#undef KNOWN
        return 0;
    }
    static void swap(int i, int j) {
        int a, k, t;
#define OF_NODE(x) t = now.x[i]; now.x[i] = now.x[j]; now.x[j] = t;
#define OF_BOTH(x) for (a = 0; a < A; a++) { \
            t = now.x[a * N + i]; now.x[a * N + i] = now.x[a * N + j]; now.x[a * N + j] = t; }
#define IN_SET(x) if (BIT(now.x, i) != BIT(now.x, j)) now.x ^= (1 << i) | (1 << j);
#define IN_SETS(x) for (a = 0; a < A; a++) { IN_SET(x[a]) }
#define KNOWN(x) OF_NODE(x) for (k = 0; k < N; k++) { IN_SET(x[k]) }
        PER_NODE
#undef OF_NODE
#undef OF_BOTH
#undef IN_SET
#undef IN_SETS
#undef KNOWN
    }
    static void sort(void) {
        int i, j;
        for (i = 1; i < N; i++)
            for (j = i; j > 0 && compare(j - 1, j) > 0; j--) swap(j - 1, j);
    }
}
#endif
