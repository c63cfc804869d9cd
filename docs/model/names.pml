/* Several names as one lock, for the model checker Spin 6.5: two names, a and b, and attempts for a, b or both.
 *
 * A node grants all the names of an attempt or none, in one script and with one number: the largest counter of these
 * names, or the floor, plus one. Confirm stores the token under all of them, if the attempt still holds them all. As
 * in holdfast.pml there are no clocks: any key of any name may vanish at any moment, each by itself, also by a release
 * that finds only one of them. So each grant is always possible. Messages may be lost or late.
 *
 * The variants, besides those of common.pml (run.sh has the table):
 *   MAXIMUM_OF_ONE  a grant counts only the first name's counter up, and sets all to that
 *   CONFIRM_ONE     confirm stores the token under the first name only
 *   HOLDER_OF_ONE   confirm checks the owner of the first name only
 *   ONE_EACH        of three attempts one is for a, one for b, one for both, in any order (a smaller model)
 *   NO_LATE         messages of an attempt that is over never arrive (a smaller model)
 *   DROPS=n         n times in all, the script `forget` drops one name's idle counter into the floor, which all share
 *   ORDER           check the order of tenures too
 *   ONLY_X          leave all properties out except X, to see the counterexample to that one
 */
#ifndef DROPS
#define DROPS 0
#endif
#define IDLE 0
#define GRANTING 1
#define CONFIRMING 2
#define OVER 3

#if DROPS > 0
#define OF_FLOORS OF_NODE(F)
#else
#define OF_FLOORS
#endif
#ifdef ORDER
#define OF_TENURES OF_BOTH(prior) IN_SETS(stored)
#else
#define OF_TENURES
#endif
#define PER_NODE OF_NODE(Ca) OF_NODE(Cb) OF_NODE(La) OF_NODE(Lb) OF_FLOORS \
    OF_BOTH(got) IN_SETS(grants) IN_SETS(confirms) IN_SETS(storing) OF_TENURES
#include "common.pml"

/* --- Nodes ------------------------------------------------------------------------------------------------------- */
byte La[N], Lb[N];         /* owner: attempt + 1, 0 if the key is absent or its owner can ask for nothing more */
byte Ca[N], Cb[N];         /* the counters                                                                      */
#if DROPS > 0
byte F[N];                 /* the floor                                                                         */
byte drops = DROPS;
#define FLOOR(i) F[i]
#else
#define FLOOR(i) 0
#endif

/* --- Attempts ---------------------------------------------------------------------------------------------------- */
byte wantA, wantB;         /* bit sets of the attempts for a, for b                */
byte phase[A];
byte grants[A];            /* bit set of nodes: grant requests on their way        */
byte confirms[A];          /* confirm requests on their way                        */
byte got[A * N];           /* the count in the grant that was received, 0 if none  */
byte T[A];                 /* the token                                            */
byte storing[A];           /* bit set of nodes known to store it for this attempt  */

/* --- What the properties are about (ghosts) ---------------------------------------------------------------------- */
byte below[A];             /* the largest token issued for one of its names before the attempt began */
byte largestA, largestB;   /* the largest token issued for a, for b                                   */
short issuedA, issuedB;    /* bit sets of the tokens issued                                           */
#ifdef ORDER
byte returned;             /* bit set of the attempts that have returned */
byte prior[A * N];         /* bit set of attempts that the node granted their names before this one */
byte stored[A];            /* bit set of nodes that stored the token when it was issued */
#endif
hidden byte unique;        /* U: no token is issued twice for a name                                        */
hidden byte monotone;      /* M: a token is larger than all issued for its names before its attempt began   */
hidden byte ordered;       /* O: where two tokens for a name were stored, the grants came in their order    */

#define HAS_A(a) BIT(wantA, a)
#define HAS_B(a) BIT(wantB, a)
#ifdef ONE_EACH
#define MORE(alike) ((alike) == 0)
#else
#define MORE(alike) 1
#endif
#define COMPETE(a, b) ((HAS_A(a) && HAS_A(b)) || (HAS_B(a) && HAS_B(b)))
#define LARGER(x, y) ((x) > (y) -> (x) : (y))
#define COUNT_A(a, i) (HAS_A(a) -> Ca[i] : 0)
#ifdef MAXIMUM_OF_ONE
#define COUNT_B(a, i) (HAS_B(a) && !HAS_A(a) -> Cb[i] : 0)
#else
#define COUNT_B(a, i) (HAS_B(a) -> Cb[i] : 0)
#endif
#define COUNT(a, i) LARGER(FLOOR(i), LARGER(COUNT_A(a, i), COUNT_B(a, i)))
#define GOT(a, i) (got[(a) * N + (i)])
#define ANY(a, i) (GOT(a, i) != 0)
#define SAME(a, i) (ANY(a, i) && GOT(a, i) == T[a])
#define LIVE(a) (phase[a] < OVER || confirms[a] != 0)
#ifdef HOLDER_OF_ONE
#define OWNS_B(a, i) (HAS_A(a) || Lb[i] == a + 1)
#else
#define OWNS_B(a, i) (Lb[i] == a + 1)
#endif
#define MAY_STORE(a, i) ((!HAS_A(a) || (La[i] == a + 1 && Ca[i] <= T[a])) \
    && (!HAS_B(a) || (OWNS_B(a, i) && Cb[i] <= T[a])))
#ifdef CONFIRM_ONE
#define STORES_B(a) (HAS_B(a) && !HAS_A(a))
#else
#define STORES_B(a) HAS_B(a)
#endif

#if defined(ONLY_U) || defined(ONLY_M) || defined(ONLY_O)
#define ONLY
#endif
#if !defined(ONLY) || defined(ONLY_U)
#define CHECK_U
#endif
#if !defined(ONLY) || defined(ONLY_M)
#define CHECK_M
#endif

/* Dead state is erased, so that states that differ in nothing that matters become one. */
inline tidy(a) {
    if
    :: phase[a] == OVER && confirms[a] == 0 ->
        i = 0;
        do
        :: i < N ->
            if :: La[i] == a + 1 -> La[i] = 0 :: else fi;
            if :: Lb[i] == a + 1 -> Lb[i] = 0 :: else fi;
            i++
        :: else -> break
        od;
        i = 0;
#ifdef ORDER
        if :: !BIT(returned, a) -> T[a] = 0 :: else fi
#else
        T[a] = 0
#endif
    :: else
    fi
}

inline finish(a) {
    phase[a] = OVER;
    i = 0; do :: i < N -> got[a * N + i] = 0; i++ :: else -> break od; i = 0;
    storing[a] = 0; below[a] = 0;
#ifdef NO_LATE
    grants[a] = 0; confirms[a] = 0;
#endif
    tidy(a)
}

inline tenures(a) {
#ifdef ORDER
    stored[a] = storing[a];
    t = 0;
    do
    :: t < A ->
        i = 0;
        do
        :: i < N ->
            if
            :: t != a && BIT(returned, t) && BIT(stored[t] & stored[a], i) && COMPETE(t, a) ->
                ordered = (BIT(prior[a * N + i], t) -> T[t] < T[a] : T[a] < T[t]); assert(ordered)
            :: else
            fi;
            i++
        :: else -> break
        od;
        t++
    :: else -> break
    od;
    i = 0; t = 0;
    returned = returned | (1 << a)
#else
    skip
#endif
}

inline issue(a) {
    printf("MSC: attempt %d returns token %d; before it began, the largest was %d\n", a, T[a], below[a]);
#ifdef CHECK_U
    unique = !(HAS_A(a) && BIT(issuedA, T[a])) && !(HAS_B(a) && BIT(issuedB, T[a])); assert(unique);
#endif
#ifdef CHECK_M
    monotone = T[a] > below[a]; assert(monotone);
#endif
    tenures(a);
    if :: HAS_A(a) -> issuedA = issuedA | (1 << T[a]); largestA = LARGER(largestA, T[a]) :: else fi;
    if :: HAS_B(a) -> issuedB = issuedB | (1 << T[a]); largestB = LARGER(largestB, T[a]) :: else fi;
    finish(a)
}

#ifdef ORDER
#define GRANTED(b, i) (phase[b] != IDLE && !BIT(grants[b], i) && (phase[b] != OVER || BIT(returned, b)))
#if A == 2
#define before(a, i) prior[a * N + i] = GRANTED(0, i) + 2 * GRANTED(1, i)
#else
#define before(a, i) prior[a * N + i] = GRANTED(0, i) + 2 * GRANTED(1, i) + 4 * GRANTED(2, i)
#endif
#else
#define before(a, i) skip
#endif

/* A reply is received in the same step, or never: see holdfast.pml. */
#define GRANT(i) :: atomic { BIT(grants[a], i) -> \
    grants[a] = WITHOUT(grants[a], i); before(a, i); \
    t = COUNT(a, i) + 1; \
    if :: HAS_A(a) -> Ca[i] = t; La[i] = (LIVE(a) -> a + 1 : 0) :: else fi; \
    if :: HAS_B(a) -> Cb[i] = t; Lb[i] = (LIVE(a) -> a + 1 : 0) :: else fi; \
    printf("MSC: node %d grants to attempt %d, counters %d\n", i, a, t); \
    if \
    :: phase[a] == GRANTING -> if :: got[a * N + i] = t :: printf("MSC:   its reply is lost\n") fi \
    :: phase[a] == CONFIRMING && t == T[a] -> if :: storing[a] = storing[a] | (1 << i) :: skip fi \
    :: phase[a] == CONFIRMING && t < T[a] -> if :: confirms[a] = confirms[a] | (1 << i) :: skip fi \
    :: else \
    fi; \
    t = 0; SORT }

#define CONFIRM(i) :: atomic { BIT(confirms[a], i) && MAY_STORE(a, i) -> \
    confirms[a] = WITHOUT(confirms[a], i); \
    if :: HAS_A(a) -> Ca[i] = T[a] :: else fi; \
    if :: STORES_B(a) -> Cb[i] = T[a] :: else fi; \
    printf("MSC: node %d stores token %d for attempt %d\n", i, T[a], a); \
    if \
    :: phase[a] == CONFIRMING -> if :: storing[a] = storing[a] | (1 << i) :: printf("MSC:   its reply is lost\n") fi \
    :: else \
    fi; \
    tidy(a); SORT }

proctype Attempt(byte a) {
    byte t, i;
    atomic { (a == 0 || phase[a - 1] != IDLE) ->
        if /* the names are alike: the first attempt is for a, alone or not */
        :: MORE(wantA & (255 - wantB)) -> wantA = wantA | (1 << a)
        :: a > 0 && MORE(wantB & (255 - wantA)) -> wantB = wantB | (1 << a)
        :: MORE(wantA & wantB) -> wantA = wantA | (1 << a); wantB = wantB | (1 << a)
        fi;
        below[a] = LARGER((HAS_A(a) -> largestA : 0), (HAS_B(a) -> largestB : 0));
        phase[a] = GRANTING; grants[a] = ALL;
        printf("MSC: attempt %d begins, for a: %d, for b: %d\n", a, HAS_A(a), HAS_B(a))
    };
end:
    do
    EACH(GRANT)
    EACH(CONFIRM)
    :: atomic { phase[a] == GRANTING && SIZE(SET(ANY, a)) >= Q -> /* decide on the token */
        i = 0; t = 0;
        do :: i < N -> if :: GOT(a, i) > t -> t = GOT(a, i) :: else fi; i++ :: else -> break od;
        i = 0; T[a] = t; t = 0;
        storing[a] = SET(SAME, a);
        if
        :: SIZE(storing[a]) >= Q -> issue(a) /* the fast path */
        :: else ->
            confirms[a] = SET(ANY, a) & (255 - storing[a]); phase[a] = CONFIRMING;
            do :: i < N -> got[a * N + i] = 0; i++ :: else -> break od; i = 0
        fi;
        SORT
    }
    :: atomic { phase[a] == CONFIRMING && SIZE(storing[a]) >= Q -> issue(a); SORT }
    :: atomic { phase[a] == GRANTING || phase[a] == CONFIRMING ->
        printf("MSC: attempt %d gives up\n", a); finish(a); SORT }
    od
}

#if DROPS > 0
proctype Node(byte i) {
end:
    do
    :: atomic { drops > 0 -> drops--;
        if
        :: La[i] = 0; F[i] = LARGER(F[i], Ca[i]); Ca[i] = 0; printf("MSC: node %d drops the counter of a", i)
        :: Lb[i] = 0; F[i] = LARGER(F[i], Cb[i]); Cb[i] = 0; printf("MSC: node %d drops the counter of b", i)
        fi;
        printf(", floor %d\n", F[i]); SORT }
    od
}
#endif

init {
    byte x;
    atomic {
#if DROPS > 0
        do :: x < N -> run Node(x); x++ :: else -> break od; x = 0;
#endif
        do :: x < A -> run Attempt(x); x++ :: else -> break od; x = 0
    }
}
