/* The read/write lock of Holdfast, for the model checker Spin 6.5: readers share it, a writer has it alone.
 *
 * One name. A node keeps either a writer's owner value or a set of readers. As in holdfast.pml there are no clocks:
 * any key, and any reader in a set, may vanish at any moment. So each grant is always possible: a writer's finds no
 * reader left, a reader's finds no writer left. Messages may be lost or late; a holder may sleep before it reads or
 * writes, which it does once, at any time, after it has raised the fence at the resource in the same step.
 *
 * Tokens, unless SHARED: a writer's is even, a reader's odd. A writer is given the next even number above the counter
 * and the floor, a reader the next odd number that is not below them, so readers without a writer between them share
 * one. As built, readers are SHARED and KEEP_FENCE.
 *
 * The variants, besides those of common.pml (run.sh has the table):
 *   SHARED           a reader is given the counter as it is, and a writer the next number: no parity
 *   READ_UNCONFIRMED the largest count that a reader was told is its token at once
 *   READ_STALE       a reader's confirm does not check that it is still in the set
 *   READ_LATE        a reader counts a node whose late grant was above its token
 *   IGNORE_READERS   a writer is granted the lock while readers are there
 *   KEEP_FENCE       a reader checks the fence, but does not raise it
 *   FORGETS=n        n times in all, the idle counter of one node is dropped into its floor, or into a larger one
 *   OPERATIONS       every holder reads or writes once; NO_FENCE: the resource does not check
 *   UNSTEADY         do not check R
 *   ORDER            check the order of tenures too
 *   ONLY_X           leave all properties out except X, to see the counterexample to that one
 */
#ifndef FORGETS
#define FORGETS 0
#endif
#define IDLE 0
#define GRANTING 1
#define CONFIRMING 2
#define HOLDING 3
#define OVER 4

#if FORGETS > 0
#define FLOORS OF_NODE(F)
#else
#define FLOORS
#endif
#ifdef ORDER
#define TENURES OF_BOTH(prior) IN_SETS(stored)
#else
#define TENURES
#endif
#define PER_NODE OF_NODE(C) OF_NODE(L) OF_NODE(S) FLOORS \
    OF_BOTH(got) IN_SETS(grants) IN_SETS(confirms) IN_SETS(storing) TENURES
#include "common.pml"

/* --- Nodes ------------------------------------------------------------------------------------------------------- */
byte L[N];                 /* writer: attempt + 1, 0 if there is none or it can ask for nothing more */
byte S[N];                 /* bit set of the readers                                                 */
byte C[N];                 /* the counter                                                            */
#if FORGETS > 0
byte F[N];                 /* the floor                                                              */
byte forgets = FORGETS;
#define FLOOR(i) F[i]
#else
#define FLOOR(i) 0
#endif

/* --- Attempts ---------------------------------------------------------------------------------------------------- */
byte reads;                /* bit set of the attempts that read            */
byte phase[A];
byte grants[A];            /* bit set of nodes: grant requests on their way */
byte confirms[A];          /* confirm requests on their way                */
byte got[A * N];           /* the count in the grant that was received + 1, 0 if none */
byte T[A];                 /* the token                                    */
byte storing[A];           /* bit set of nodes known to store it for this attempt */

/* --- What the properties are about (ghosts, except for the resource's fence) ------------------------------------- */
byte below[A];             /* the largest token issued before the attempt began */
byte largest;              /* the largest token issued                          */
short issued, shared;      /* bit sets of the tokens issued: to writers, to readers */
byte returned;             /* bit set of the attempts that have returned */
#ifdef OPERATIONS
byte earlier[A];           /* bit set of the attempts that had returned when an attempt began */
byte fence;                /* the resource: the largest token accepted */
byte done;                 /* bit set of the attempts whose operation was accepted */
#endif
#ifdef ORDER
byte prior[A * N];         /* bit set of attempts that the node granted the lock before this one */
byte stored[A];            /* bit set of nodes that stored the token when it was issued */
#endif
hidden byte unique;        /* U: no token is issued to two writers, or to a writer and a reader                       */
hidden byte monotone;      /* M: a token is larger than all issued before its attempt began; a reader's may be equal  */
hidden byte notStale;      /* S: a writer's operation, once accepted, is not followed by one of an earlier attempt    */
hidden byte steady;        /* R: a reader's operation is not followed by one of an earlier writer                     */
hidden byte ordered;       /* O: where two tokens were stored, the grants came in the order of the tokens             */

#define COUNT(i) (C[i] > FLOOR(i) -> C[i] : FLOOR(i))
#define READS(a) BIT(reads, a)
#define GOT(a, i) (got[(a) * N + (i)])
#define ANY(a, i) (GOT(a, i) != 0)
#define SAME(a, i) (GOT(a, i) == T[a] + 1)
#define LIVE(a) (phase[a] < OVER || confirms[a] != 0)
#ifdef SHARED
#define NEXT_WRITE(n) ((n) + 1)
#define NEXT_READ(n) (n)
#else
#define NEXT_WRITE(n) ((n) / 2 * 2 + 2)
#define NEXT_READ(n) ((n) | 1)
#endif
#ifdef IGNORE_READERS
#define READERS_LEFT(i) S[i] /* they stay, and may confirm */
#else
#define READERS_LEFT(i) 0
#endif
#ifdef READ_STALE
#define IN_READERS(a, i) 1
#else
#define IN_READERS(a, i) BIT(S[i], a)
#endif
/* A reader that is still in the set stores its token also where another reader has raised the counter further. A grant
 * above the token is another matter: a writer with a larger token may have been there before. */
#ifdef READ_LATE
#define COUNTS_ABOVE(a, i) (READS(a) && C[i] > T[a])
#else
#define COUNTS_ABOVE(a, i) 0
#endif
#define MAY_STORE(a, i) (READS(a) -> IN_READERS(a, i) : (L[i] == a + 1 && C[i] <= T[a]))
#ifdef NO_FENCE
#define ACCEPTED(a) 1
#else
#define ACCEPTED(a) (T[a] >= fence)
#endif

#if defined(ONLY_U) || defined(ONLY_M) || defined(ONLY_S) || defined(ONLY_R) || defined(ONLY_O)
#define ONLY
#endif
#if !defined(ONLY) || defined(ONLY_U)
#define CHECK_U
#endif
#if !defined(ONLY) || defined(ONLY_M)
#define CHECK_M
#endif
#if !defined(ONLY) || defined(ONLY_S)
#define CHECK_S
#endif
#if (!defined(ONLY) && !defined(UNSTEADY)) || defined(ONLY_R)
#define CHECK_R
#endif

/* Dead state is erased, so that states that differ in nothing that matters become one. */
inline tidy(a) {
    if
    :: phase[a] == OVER && confirms[a] == 0 ->
        i = 0;
        do
        :: i < N -> if :: L[i] == a + 1 -> L[i] = 0 :: else fi; S[i] = WITHOUT(S[i], a); i++
        :: else -> break
        od;
        i = 0;
#if defined(OPERATIONS) || defined(ORDER)
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
            :: t != a && BIT(returned, t) && BIT(stored[t] & stored[a], i) && !(READS(t) && READS(a)) ->
                if
                :: BIT(prior[a * N + i], t) -> ordered = T[t] < T[a] + READS(a)
                :: else -> ordered = T[a] < T[t] + READS(t)
                fi;
                assert(ordered)
            :: else
            fi;
            i++
        :: else -> break
        od;
        t++
    :: else -> break
    od;
    i = 0; t = 0
#else
    skip
#endif
}

inline issue(a) {
    printf("MSC: attempt %d returns token %d; before it began, the largest was %d\n", a, T[a], below[a]);
#ifdef CHECK_U
#ifdef SHARED
    unique = READS(a) || !BIT(issued, T[a]); /* a reader has the token of the writer before it */
#else
    unique = !BIT(issued, T[a]) && (READS(a) || !BIT(shared, T[a]));
#endif
    assert(unique);
#endif
#ifdef CHECK_M
    monotone = T[a] + READS(a) > below[a]; assert(monotone);
#endif
    tenures(a);
    if :: READS(a) -> shared = shared | (1 << T[a]) :: else -> issued = issued | (1 << T[a]) fi;
    if :: T[a] > largest -> largest = T[a] :: else fi;
    returned = returned | (1 << a);
    finish(a)
}

/* A reply is received in the same step, or never: see holdfast.pml. */
#define GRANT(i) :: atomic { BIT(grants[a], i) -> \
    grants[a] = WITHOUT(grants[a], i); before(a, i); \
    if \
    :: READS(a) -> C[i] = NEXT_READ(COUNT(i)); L[i] = 0; S[i] = S[i] | (LIVE(a) << a); \
        printf("MSC: node %d takes attempt %d as a reader, counter %d\n", i, a, C[i]) \
    :: else -> C[i] = NEXT_WRITE(COUNT(i)); L[i] = (LIVE(a) -> a + 1 : 0); S[i] = READERS_LEFT(i); \
        printf("MSC: node %d takes attempt %d as the writer, counter %d\n", i, a, C[i]) \
    fi; \
    if \
    :: phase[a] == GRANTING -> if :: got[a * N + i] = C[i] + 1 :: printf("MSC:   its reply is lost\n") fi \
    :: phase[a] == CONFIRMING && (C[i] == T[a] || COUNTS_ABOVE(a, i)) -> \
        if :: storing[a] = storing[a] | (1 << i) :: skip fi \
    :: phase[a] == CONFIRMING && C[i] < T[a] -> if :: confirms[a] = confirms[a] | (1 << i) :: skip fi \
    :: else \
    fi; \
    SORT }

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

#define CONFIRM(i) :: atomic { BIT(confirms[a], i) && MAY_STORE(a, i) -> \
    confirms[a] = WITHOUT(confirms[a], i); C[i] = (C[i] > T[a] -> C[i] : T[a]); \
    printf("MSC: node %d stores token %d for attempt %d\n", i, T[a], a); \
    if \
    :: phase[a] == CONFIRMING -> if :: storing[a] = storing[a] | (1 << i) :: printf("MSC:   its reply is lost\n") fi \
    :: else \
    fi; \
    tidy(a); SORT }

proctype Attempt(byte a) {
    byte t, i;
    atomic { (a == 0 || phase[a - 1] != IDLE) ->
        if :: reads = reads | (1 << a) :: skip fi;
        below[a] = largest; phase[a] = GRANTING; grants[a] = ALL;
        printf("MSC: attempt %d begins, to read: %d\n", a, READS(a));
#ifdef OPERATIONS
        earlier[a] = returned
#endif
    };
end:
    do
    EACH(GRANT)
    EACH(CONFIRM)
    :: atomic { phase[a] == GRANTING && SIZE(SET(ANY, a)) >= Q -> /* decide on the token */
        i = 0; t = 0;
        do :: i < N -> if :: GOT(a, i) > t -> t = GOT(a, i) :: else fi; i++ :: else -> break od;
        i = 0; T[a] = t - 1; t = 0;
        storing[a] = SET(SAME, a);
        if
        :: SIZE(storing[a]) >= Q -> issue(a) /* the fast path */
#ifdef READ_UNCONFIRMED
        :: SIZE(storing[a]) < Q && READS(a) -> issue(a)
        :: SIZE(storing[a]) < Q && !READS(a) ->
#else
        :: else ->
#endif
            confirms[a] = SET(ANY, a) & (255 - storing[a]); phase[a] = CONFIRMING;
            do :: i < N -> got[a * N + i] = 0; i++ :: else -> break od; i = 0
        fi;
        SORT
    }
    :: atomic { phase[a] == CONFIRMING && SIZE(storing[a]) >= Q -> issue(a); SORT }
    :: atomic { phase[a] == GRANTING || phase[a] == CONFIRMING ->
        printf("MSC: attempt %d gives up\n", a); finish(a); SORT }
#ifdef OPERATIONS
    :: atomic { BIT(returned, a) && !BIT(done, a) && ACCEPTED(a) ->
        printf("MSC: attempt %d reads (%d) or writes with token %d, the fence is %d\n", a, READS(a), T[a], fence);
        t = 0;
        do
        :: t < A ->
            if
            :: BIT(done, t) && BIT(earlier[t], a) && !READS(t) ->
#ifdef CHECK_S
                notStale = 0; assert(notStale)
#else
                skip
#endif
            :: BIT(done, t) && BIT(earlier[t], a) && READS(t) && !READS(a) ->
#ifdef CHECK_R
                steady = 0; assert(steady)
#else
                skip
#endif
            :: else
            fi;
            t++
        :: else -> break
        od;
        t = 0;
#ifdef KEEP_FENCE
        if :: READS(a) || T[a] < fence -> skip :: else -> fence = T[a] fi;
#else
        fence = T[a];
#endif
        done = done | (1 << a) }
#endif
    od
}

#if FORGETS > 0
/* The script `forget`: there is neither a writer nor a reader. The level may be another node's. */
proctype Node(byte i) {
end:
    do
    :: atomic { forgets > 0 -> forgets--;
        L[i] = 0; S[i] = 0; F[i] = COUNT(i); C[i] = 0;
        if :: F[i]++ :: skip fi;
        printf("MSC: node %d drops its counter, floor %d\n", i, F[i]); SORT }
    od
}
#endif

init {
    byte x;
    atomic {
#if FORGETS > 0
        do :: x < N -> run Node(x); x++ :: else -> break od; x = 0;
#endif
        do :: x < A -> run Attempt(x); x++ :: else -> break od; x = 0
    }
}
