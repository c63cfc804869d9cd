/* The lock protocol of Holdfast, for the model checker Spin 6.5: grant, confirm, extend and repair, forget, restart,
 * admission. Several names as one lock are in names.pml, readers and writers in readers.pml.
 *
 * N independent nodes. A attempts: one attempt is one acquisition with a fresh owner value, made by any client.
 * Attempts are numbered in the order in which they begin, which loses nothing, for they are alike.
 *
 * There are no clocks. Unless TIMELY is set, ANY key may vanish at ANY moment: expiry, release (also by the wrong one),
 * eviction, a clock that jumps. So a grant is always possible, and L need only remember the last owner. Requests and
 * replies may be lost or arbitrarily late, also after the caller gave up; a holder may sleep before it writes.
 * What holds here holds without any assumption about time.
 *
 * The variants, each a definition on the command line, besides those of common.pml (run.sh has the table):
 *   NO_CONFIRM      the largest grant is issued at once
 *   NO_HOLDER       confirm does not check the owner
 *   STRICT          confirm only raises: it refuses a counter that equals the token already
 *   NO_LATE         messages of an attempt that is over never arrive (a smaller model)
 *   FORGETS=n       n times in all, one node restarts without its memory
 *   KEEPS=n         n times in all, one node restarts with its memory
 *   ADMISSION=      AT_ONCE, WAIT, COPY, COPY_THEN_WAIT or WAIT_THEN_COPY (the protocol's), for nodes that forgot
 *   AHEAD           the high-water mark that a node tells may be larger than every token that it stored
 *   DROPS=n         n times in all, the script `forget` drops an idle counter into the floor, or into a larger one
 *   DROP_ONLY       it does not raise the floor
 *   DROP_HELD       it drops the counter of a lock that is held
 *   WRITES          every holder writes to a resource once; NO_FENCE: the resource does not check
 *   EXTENDS=n       every holder extends up to n times
 *   RENEW_ANY       a node renews whatever its counter says
 *   REPAIR_ABOVE    repair does not look at the counter
 *   COUNT_REPAIRED  the holder counts a repaired node in the same round
 *   TIMELY          the lease's assumption: a key that an attempt counts on does not vanish while it counts on it
 *   UNTIMELY        the same beliefs without that assumption
 *   ORDER           check the order of tenures too
 *   ONLY_X          leave all properties out except X, to see the counterexample to that one
 */
#ifndef FORGETS
#define FORGETS 0
#endif
#ifndef KEEPS
#define KEEPS 0
#endif
#ifndef EXTENDS
#define EXTENDS 0
#endif
#define AT_ONCE 0
#define WAIT 1
#define COPY 2
#define COPY_THEN_WAIT 3
#define WAIT_THEN_COPY 4
#ifndef ADMISSION
#define ADMISSION WAIT_THEN_COPY
#endif
#ifndef DROPS
#define DROPS 0
#endif
#define RESTARTS (FORGETS + KEEPS + DROPS)
#ifdef UNTIMELY
#define TIMELY
#endif

#if RESTARTS > 0
#define OF_RESTARTS OF_NODE(F) OF_NODE(copied) IN_SET(out) IN_SET(kept) KNOWN(asked)
#else
#define OF_RESTARTS
#endif
#if EXTENDS > 0
#define OF_EXTENDS IN_SETS(extends) IN_SETS(strays) IN_SETS(renewed)
#else
#define OF_EXTENDS
#endif
#ifdef TIMELY
#define OF_BELIEFS IN_SETS(basis)
#else
#define OF_BELIEFS
#endif
#ifdef ORDER
#define OF_TENURES OF_BOTH(prior) IN_SETS(stored)
#else
#define OF_TENURES
#endif
#define PER_NODE OF_NODE(C) OF_NODE(L) OF_BOTH(got) IN_SETS(grants) IN_SETS(confirms) IN_SETS(storing) \
    OF_RESTARTS OF_EXTENDS OF_BELIEFS OF_TENURES
#include "common.pml"

/* --- Nodes ------------------------------------------------------------------------------------------------------- */
byte L[N];                 /* owner: attempt + 1, 0 if the key is absent or its owner can ask for nothing more        */
byte C[N];                 /* the counter                                                                             */
#if RESTARTS > 0
byte F[N];                 /* the floor                                                                               */
byte out, kept;            /* bit sets of nodes: not admitted; and of these, those that kept their memory             */
byte asked[N], copied[N];  /* admission under way: bit set of nodes that told their high-water mark; the largest      */
byte forgets = FORGETS, keeps = KEEPS, drops = DROPS;
#define FLOOR(i) F[i]
#define OUT(i) BIT(out, i)
#else
#define FLOOR(i) 0
#define OUT(i) 0
#endif

/* --- Attempts ---------------------------------------------------------------------------------------------------- */
#define IDLE 0
#define GRANTING 1
#define CONFIRMING 2
#define HOLDING 3
#define EXTENDING 4
#if EXTENDS > 0 || defined(WRITES) || defined(TIMELY)
#define OVER 5             /* gave up, released or lost */
#else
#define OVER HOLDING       /* then nothing depends on the difference */
#endif
byte phase[A];
byte grants[A];            /* bit set of nodes: grant requests on their way                                           */
byte confirms[A];          /* confirm requests on their way                                                           */
byte got[A * N];           /* the count in the grant that was received, 0 if none                                     */
byte T[A];                 /* the token                                                                               */
byte storing[A];           /* bit set of nodes known to store it for this attempt                                     */
#if EXTENDS > 0
byte extends[A];           /* extend requests of the running round on their way                                       */
byte strays[A];            /* ... of rounds that ended                                                                */
byte renewed[A];           /* bit set of nodes that count in the running round                                        */
byte rounds[A];
byte newest[A];            /* ghost: the largest token issued when the running round began                            */
#endif
#ifdef TIMELY
byte basis[A];             /* bit set of nodes that the holder's belief rests on                                      */
#endif

/* --- What the properties are about (ghosts, except for the resource's fence) ------------------------------------- */
byte below[A];             /* the largest token issued before the attempt began */
byte largest;              /* the largest token issued                          */
short issued;              /* bit set of the tokens issued                      */
#if defined(WRITES) || defined(ORDER)
byte returned;             /* bit set of the attempts that have returned */
#endif
#ifdef ORDER
byte prior[A * N];         /* bit set of attempts that the node granted the lock before this one */
byte stored[A];            /* bit set of nodes that stored the token when it was issued */
#endif
#ifdef WRITES
byte earlier[A];           /* bit set of the attempts that had returned when an attempt began */
byte fence;                /* the resource: the largest token accepted          */
byte writer;               /* attempt + 1 whose write was accepted last         */
byte wrote;
#endif
/* The properties. Each is computed and asserted in one step; a violated one is named in Spin's message. */
hidden byte unique;        /* U: no token is issued twice                                                             */
hidden byte monotone;      /* M: a token is larger than every one that was issued before its attempt began            */
hidden byte notStale;      /* S: no write is accepted after one of an attempt that began after the writer returned    */
hidden byte ownFence;      /* S: no two attempts write with the same token                                            */
hidden byte continuous;    /* E: an extension succeeds only if no later token was issued before its round began       */
hidden byte ordered;       /* O: where two tokens were stored, the grants came in the order of the tokens             */
hidden byte exclusive;     /* X: nobody believes to hold what another believes to hold                                */

#define GOT(a, i) (got[(a) * N + (i)])
#define ANY(a, i) (GOT(a, i) != 0)
#define SAME(a, i) (ANY(a, i) && GOT(a, i) == T[a])
#define COUNT(i) (C[i] > FLOOR(i) -> C[i] : FLOOR(i)) /* with a single name, also the high-water mark */

/* Whether an attempt counts on what node i did for it. Waiting, before admission, means: until no attempt does. */
#ifdef TIMELY
#define RESTS(a, i) (phase[a] >= HOLDING && BIT(basis[a], i))
#else
#define RESTS(a, i) 0
#endif
#if EXTENDS > 0
#define ROUND(a, i) (phase[a] == EXTENDING && BIT(renewed[a], i))
#define PENDING(a) (confirms[a] | extends[a] | strays[a])
#define LIVE(a) (phase[a] < OVER || PENDING(a) != 0)
#else
#define ROUND(a, i) 0
#define PENDING(a) (confirms[a])
#define LIVE(a) (phase[a] < OVER || PENDING(a) != 0)
#endif
#define COUNTS(a, i) ((phase[a] == GRANTING && GOT(a, i) != 0) \
    || (phase[a] == CONFIRMING && BIT(confirms[a] | storing[a], i)) || RESTS(a, i) || ROUND(a, i))

#if defined(TIMELY) && !defined(UNTIMELY)
#define KEPT_BY(b, i) (L[i] == (b) + 1 && COUNTS(b, i))
#define FREE(i) (!(SOME(KEPT_BY, i)))
#else
#define FREE(i) 1
#endif
#ifdef NO_HOLDER
#define OWNS(a, i) 1
#else
#define OWNS(a, i) (L[i] == (a) + 1)
#endif
#ifdef STRICT
#define RAISES(a, i) (C[i] < T[a])
#else
#define RAISES(a, i) (C[i] <= T[a])
#endif
#ifdef REPAIR_ABOVE
#define REPAIRABLE(a, i) 1
#else
#define REPAIRABLE(a, i) (COUNT(i) <= T[a])
#endif
/* The floor does not matter to a node that kept the key: it is above the tokens of all names. */
#ifdef RENEW_ANY
#define RENEWABLE(a, i) (L[i] == (a) + 1)
#else
#define RENEWABLE(a, i) (L[i] == (a) + 1 && C[i] <= T[a])
#endif
#ifdef NO_FENCE
#define ACCEPTED(a) 1
#else
#define ACCEPTED(a) (T[a] >= fence)
#endif
#ifdef COUNT_REPAIRED
#define REPAIRED_COUNTS 1
#else
#define REPAIRED_COUNTS 0
#endif

#ifdef ONLY_U
#define ONLY
#endif
#ifdef ONLY_M
#define ONLY
#endif
#ifdef ONLY_S
#define ONLY
#endif
#ifdef ONLY_O
#define ONLY
#endif
#ifdef ONLY_E
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
#if (EXTENDS > 0 && !defined(ONLY)) || defined(ONLY_E)
#define CHECK_E
#endif

/* Dead state is erased, so that states that differ in nothing that matters become one. */
inline tidy(a) {
    if
    :: phase[a] == OVER && PENDING(a) == 0 ->
        i = 0; do :: i < N -> if :: L[i] == a + 1 -> L[i] = 0 :: else fi; i++ :: else -> break od; i = 0;
#if !defined(WRITES) && !defined(ORDER)
        T[a] = 0
#else
        if :: !BIT(returned, a) -> T[a] = 0 :: else fi
#endif
    :: else
    fi
}

inline finish(a, next) {
    phase[a] = next;
    i = 0; do :: i < N -> got[a * N + i] = 0; i++ :: else -> break od; i = 0;
    storing[a] = 0; below[a] = 0;
#ifdef NO_LATE
    grants[a] = 0; confirms[a] = 0;
#endif
    tidy(a)
}

inline believe(a, nodes) {
#ifdef TIMELY
    basis[a] = nodes;
    i = 0;
    do
    :: i < A -> exclusive = (i == a || (phase[i] != HOLDING && phase[i] != EXTENDING)); assert(exclusive); i++
    :: else -> break
    od;
    i = 0
#else
    skip
#endif
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
            :: t != a && BIT(returned, t) && BIT(stored[t] & stored[a], i) ->
                ordered = (BIT(prior[a * N + i], t) -> T[t] < T[a] : T[a] < T[t]); assert(ordered)
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

#ifdef ORDER
#define GRANTED(b, i) (phase[b] != IDLE && !BIT(grants[b], i) && (phase[b] < OVER || BIT(returned, b)))
#if A == 2
#define before(a, i) prior[a * N + i] = GRANTED(0, i) + 2 * GRANTED(1, i)
#else
#define before(a, i) prior[a * N + i] = GRANTED(0, i) + 2 * GRANTED(1, i) + 4 * GRANTED(2, i)
#endif
#else
#define before(a, i) skip
#endif

inline issue(a) {
    printf("MSC: attempt %d returns token %d; before it began, the largest was %d\n", a, T[a], below[a]);
#ifdef CHECK_U
    unique = !BIT(issued, T[a]); assert(unique);
#endif
#ifdef CHECK_M
    monotone = T[a] > below[a]; assert(monotone);
#endif
    issued = issued | (1 << T[a]);
    if :: T[a] > largest -> largest = T[a] :: else fi;
    tenures(a);
#if defined(WRITES) || defined(ORDER)
    returned = returned | (1 << a);
#endif
    believe(a, storing[a]);
    finish(a, HOLDING)
}

/* A reply is either received in the same step as the request is executed, or lost: a late reply is received when the
 * phase that it belongs to is over, and then it is ignored; within a phase the order of replies makes no difference. */
#define GRANT(i) :: atomic { BIT(grants[a], i) && !OUT(i) && FREE(i) -> \
    grants[a] = WITHOUT(grants[a], i); before(a, i); L[i] = (LIVE(a) -> a + 1 : 0); C[i] = COUNT(i) + 1; \
    printf("MSC: node %d grants to attempt %d, counter %d\n", i, a, C[i]); \
    if \
    :: phase[a] == GRANTING -> if :: got[a * N + i] = C[i] :: printf("MSC:   its reply is lost\n") fi \
    :: phase[a] == CONFIRMING && C[i] == T[a] -> if :: storing[a] = storing[a] | (1 << i) :: skip fi \
    :: phase[a] == CONFIRMING && C[i] < T[a] -> if :: confirms[a] = confirms[a] | (1 << i) :: skip fi \
    :: else \
    fi; \
    SORT }

#define CONFIRM(i) :: atomic { BIT(confirms[a], i) && !OUT(i) && OWNS(a, i) && RAISES(a, i) -> \
    confirms[a] = WITHOUT(confirms[a], i); C[i] = T[a]; \
    printf("MSC: node %d stores token %d for attempt %d\n", i, T[a], a); \
    if \
    :: phase[a] == CONFIRMING -> if :: storing[a] = storing[a] | (1 << i) :: printf("MSC:   its reply is lost\n") fi \
    :: else \
    fi; \
    tidy(a); SORT }

/* A node that renews, or that lost the key and sets it again if its counter allows. */
#define EXTEND(i) :: atomic { BIT(extends[a], i) && !OUT(i) && RENEWABLE(a, i) -> \
    extends[a] = WITHOUT(extends[a], i); printf("MSC: node %d renews for attempt %d\n", i, a); \
    if :: renewed[a] = renewed[a] | (1 << i) :: printf("MSC:   its reply is lost\n") fi; SORT } \
  :: atomic { BIT(extends[a], i) && !OUT(i) && FREE(i) && REPAIRABLE(a, i) -> \
    extends[a] = WITHOUT(extends[a], i); L[i] = a + 1; C[i] = T[a]; \
    printf("MSC: node %d is repaired for attempt %d, counter %d\n", i, a, C[i]); \
    if :: REPAIRED_COUNTS -> renewed[a] = renewed[a] | (1 << i) :: true fi; SORT } \
  :: atomic { BIT(strays[a], i) && !OUT(i) && FREE(i) && REPAIRABLE(a, i) -> \
    strays[a] = WITHOUT(strays[a], i); L[i] = (LIVE(a) -> a + 1 : 0); C[i] = T[a]; \
    printf("MSC: node %d is repaired by a stray of attempt %d, counter %d\n", i, a, C[i]); tidy(a); SORT }

proctype Attempt(byte a) {
    byte t, i;
    atomic { (a == 0 || phase[a - 1] != IDLE) ->
        below[a] = largest; phase[a] = GRANTING; grants[a] = ALL; printf("MSC: attempt %d begins\n", a);
#ifdef WRITES
        earlier[a] = returned
#endif
    };
end:
    do
    EACH(GRANT)
#ifndef NO_CONFIRM
    EACH(CONFIRM)
#endif
    :: atomic { phase[a] == GRANTING && SIZE(SET(ANY, a)) >= Q -> /* decide on the token */
        i = 0; t = 0;
        do :: i < N -> if :: GOT(a, i) > t -> t = GOT(a, i) :: else fi; i++ :: else -> break od;
        i = 0; T[a] = t; t = 0;
        storing[a] = SET(SAME, a);
#ifdef NO_CONFIRM
        issue(a);
#else
        if
        :: SIZE(storing[a]) >= Q -> issue(a) /* the fast path */
        :: else ->
            confirms[a] = SET(ANY, a) & (255 - storing[a]); phase[a] = CONFIRMING;
            do :: i < N -> got[a * N + i] = 0; i++ :: else -> break od; i = 0
        fi;
#endif
        SORT }
    :: atomic { phase[a] == CONFIRMING && SIZE(storing[a]) >= Q -> issue(a); SORT }
    :: atomic { phase[a] == GRANTING || phase[a] == CONFIRMING ->
        printf("MSC: attempt %d gives up\n", a); finish(a, OVER); SORT }
#if EXTENDS > 0
    EACH(EXTEND)
    :: atomic { phase[a] == HOLDING && rounds[a] < EXTENDS ->
        rounds[a]++; phase[a] = EXTENDING; extends[a] = ALL; newest[a] = largest;
        printf("MSC: attempt %d begins to extend; the largest token issued is %d\n", a, largest) }
    :: atomic { phase[a] == EXTENDING && SIZE(renewed[a]) >= Q ->
        printf("MSC: attempt %d has extended, with token %d\n", a, T[a]);
#ifdef CHECK_E
        continuous = newest[a] <= T[a]; assert(continuous);
#endif
        believe(a, renewed[a]);
        strays[a] = strays[a] | extends[a]; extends[a] = 0; renewed[a] = 0; newest[a] = 0; phase[a] = HOLDING; SORT }
#endif
#if EXTENDS > 0 || defined(TIMELY)
    :: atomic { phase[a] == HOLDING || phase[a] == EXTENDING -> /* releases, or declares its loss */
        printf("MSC: attempt %d holds no longer\n", a);
#if EXTENDS > 0
        strays[a] = strays[a] | extends[a]; extends[a] = 0; renewed[a] = 0; newest[a] = 0; rounds[a] = EXTENDS;
#endif
#ifdef TIMELY
        basis[a] = 0;
#endif
        finish(a, OVER); SORT }
#endif
#ifdef WRITES
    /* One write, at any moment after it returned: also long after it ceased to hold. */
    :: atomic { BIT(returned, a) && !BIT(wrote, a) && ACCEPTED(a) ->
        printf("MSC: attempt %d writes with token %d, the fence is %d\n", a, T[a], fence);
#ifdef CHECK_S
        notStale = (writer == 0 || !BIT(earlier[writer - 1], a)); assert(notStale);
        ownFence = (writer == 0 || T[a] != fence); assert(ownFence);
#endif
        fence = T[a]; writer = a + 1; wrote = wrote | (1 << a) }
#endif
    od
}

#if RESTARTS > 0
#ifndef AHEAD
#define AHEAD 0
#endif
#define TRUSTED(i) BIT(kept, i)
#if ADMISSION == WAIT_THEN_COPY
#define MAY_COPY(i) (!(SOME(COUNTS, i)))
#define MAY_VOTE(i) 1
#elif ADMISSION == COPY_THEN_WAIT
#define MAY_COPY(i) 1
#define MAY_VOTE(i) (!(SOME(COUNTS, i)))
#else
#define MAY_COPY(i) 1
#define MAY_VOTE(i) 1
#endif
#define ASK(j) :: atomic { OUT(i) && BIT(asked[i], i) && !BIT(asked[i], j) && !OUT(j) && SIZE(asked[i]) <= Q -> \
    asked[i] = asked[i] | (1 << j); \
    if :: COUNT(j) > copied[i] -> copied[i] = COUNT(j) :: else fi; \
    if :: copied[i] = (COUNT(j) + AHEAD > copied[i] -> COUNT(j) + AHEAD : copied[i]) :: true fi; \
    printf("MSC: node %d asks node %d, floor %d\n", i, j, copied[i]); SORT }

proctype Node(byte i) {
end:
    do
    :: atomic { forgets > 0 && !OUT(i) ->
        forgets--; L[i] = 0; C[i] = 0; F[i] = 0;
#if ADMISSION != AT_ONCE
        out = out | (1 << i);
#endif
        printf("MSC: node %d restarts and has forgotten everything\n", i); SORT }
#if KEEPS > 0
    :: atomic { keeps > 0 && !OUT(i) ->
        keeps--; out = out | (1 << i); kept = kept | (1 << i);
        printf("MSC: node %d restarts with its memory\n", i); SORT }
    :: atomic { OUT(i) && TRUSTED(i) && asked[i] == 0 -> /* too few others to ask, and no need to */
        out = WITHOUT(out, i); kept = WITHOUT(kept, i); printf("MSC: node %d votes again\n", i); SORT }
#endif
#if DROPS > 0
#ifdef DROP_HELD
    :: atomic { drops > 0 && !OUT(i) ->
#else
    :: atomic { drops > 0 && !OUT(i) && FREE(i) -> L[i] = 0;
#endif
#ifndef DROP_ONLY
        F[i] = COUNT(i); if :: F[i]++ :: skip fi;
#endif
        drops--; C[i] = 0; printf("MSC: node %d drops its counter, floor %d\n", i, F[i]); SORT }
#endif
#if ADMISSION == WAIT
    :: atomic { OUT(i) && !(SOME(COUNTS, i)) -> out = WITHOUT(out, i); printf("MSC: node %d votes again\n", i); SORT }
#endif
#if ADMISSION >= COPY
    :: atomic { OUT(i) && asked[i] == 0 && (TRUSTED(i) || MAY_COPY(i)) -> asked[i] = 1 << i; SORT }
    EACH(ASK)
    :: atomic { OUT(i) && SIZE(asked[i]) == Q + 1 && (TRUSTED(i) || MAY_VOTE(i)) ->
        if :: copied[i] > F[i] -> F[i] = copied[i] :: else fi;
        out = WITHOUT(out, i); kept = WITHOUT(kept, i); asked[i] = 0; copied[i] = 0;
        printf("MSC: node %d votes again, with floor %d\n", i, F[i]); SORT }
#endif
    od
}
#endif

init {
    byte x;
    atomic {
#if RESTARTS > 0
        do :: x < N -> run Node(x); x++ :: else -> break od; x = 0;
#endif
        do :: x < A -> run Attempt(x); x++ :: else -> break od; x = 0
    }
}
