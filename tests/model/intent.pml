/* The intent protocol: how a signal becomes at most one order at the broker, whoever dies.

   Two signals, under a limit of one order at work. Strategy, executor, gateway and TWS take their
   steps in any order; up to FAULTS of these steps are faults. A name in brackets is the place in the
   code. Checked are G1 (one order per signal), G2 (each execution counted once), G4 (nothing is
   written that has expired; at rest everybody agrees), G5 (nothing is written under a halt) and G7
   (the executor's count is never exceeded at the broker).

   Assumed:
   A1  What a journal has committed is there after a crash, and nothing else is.
   A2  The executor reads the gateway's journal without holes [common/runtime/walk.py].
   A3  What TWS has not read of a connection a minute after its end, it never reads. If it does, G7 can
       be exceeded by that order, and the life cycle takes it as working [accounting/lifecycle.py].
   A4  TWS reports in order on one connection, and lists what works and what was executed.
   Left out: time, quantities and parts of fills, modifies, groups, order ids that TWS forgets, the
   liquidation gateway, checkpoints, strangers. Those are the simulation's [tests/simulation]. */

#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef ONE
#define ONE false /* whether the second signal never comes */
#endif
#define N 2
#ifdef TRACE
#define REPORTS 3 /* that are unread: of one order, placed, gone and working again */
#else
#define REPORTS 2
#endif
#define HELLO N

mtype = { NONE, CREATED, INTENDED, ACCEPTED, UNKNOWN, FILLED, CANCELLED, REJECTED, DENIED, LOST };
mtype = { WORKING, DONE, GONE, REFUSED }; /* at the broker; NONE before */

mtype e[N] = NONE, ej[N] = NONE; /* the executor's orders: in memory, in its journal */
mtype g[N] = NONE;               /* the gateway's, in its journal */
mtype b[N] = NONE;               /* the broker's */
bool queued[N];                  /* in the gateway's outbox [gateway/outbox.py] */
bool socket[N], late[N];         /* bytes that TWS has not read, of this connection, of earlier ones */
bool expired[N], counted[N];     /* counted: its execution is in the gateway's journal */
bool behind[N];                  /* the executor has not read the gateway's journal since its hello */
byte placed[N];
bool has_begun;                  /* the first signal to come is called 0 */
bool halted, is_connected, is_synchronised;
mtype halt_seen = NONE;          /* what the gateway knows of risk: NONE, ACCEPTED (no halt), DENIED */
byte executor = 1, token = 0;    /* how often it was started; the token that it has, 0: none */
byte introduced = 0, fence = 0;  /* the executor that the gateway knows, and the token in force */
byte tokens = 0, faults = 0;     /* tokens are never given twice */

chan requests = [2] of { byte, byte, byte }; /* intent or HELLO, token, executor; in any order */
chan answers = [1] of { byte, byte };        /* token, executor */
chan reports = [REPORTS] of { byte, mtype }; /* TWS's, on this connection */

#define is_live(s) (s == CREATED || s == INTENDED || s == ACCEPTED || s == UNKNOWN)
#define may_work(i) (socket[i] || late[i] || b[i] == WORKING)
#define may_be_written(i) (g[i] == NONE && e[i] != DENIED || queued[i])
#define other(i) (N - 1 - i)
#ifdef FENCING_OFF
#define FENCE_IS_OFF true
#else
#define FENCE_IS_OFF false
#endif
#ifdef ASKED_ONCE
#define IS_ASKED_ONCE true
#else
#define IS_ASKED_ONCE false
#endif
#ifdef NO_WELCOME
#define is_welcome true
#else
/* introduced, and has read that far [executor/welcome.py] */
#define is_welcome (token != 0 && !behind[0] && !behind[1])
#endif
#ifdef HASTY
#define is_late(i) false
#else
#define is_late(i) late[i] /* A3 */
#endif
/* No list of TWS's has named it for a minute [gateway/orders/silence.py] */
#define is_unlisted(i) (is_live(g[i]) && !queued[i] && !socket[i] && !is_late(i) \
  && b[i] != WORKING && b[i] != DONE)
#define admits(i) (halt_seen == ACCEPTED && !expired[i])

#define word_of_risk (halted -> DENIED : ACCEPTED)

#ifdef TRACE /* prints every change of what journals and broker say of a signal; see transitions.txt */
hidden mtype ej0[N], g0[N], b0[N];
#define STEP(...) atomic { __VA_ARGS__ -> KEEP(0); KEEP(1);
#define KEEP(i) ej0[i] = ej[i]; g0[i] = g[i]; b0[i] = b[i]
#define SHOW(i) if :: ej0[i] != ej[i] || g0[i] != g[i] || b0[i] != b[i] -> \
  printf("%d %d %d > %d %d %d\n", ej0[i], g0[i], b0[i], ej[i], g[i], b[i]) :: else fi
#define END ; SHOW(0); SHOW(1) }
#else
#define STEP(...) atomic { __VA_ARGS__ ->
#define END }
#endif

/* What became of order i, as the gateway writes it down [gateway/orders/registry.py] */
inline learn(i, what) {
  if
  :: what == WORKING && g[i] != FILLED && g[i] != DENIED -> g[i] = ACCEPTED
  :: what == DONE ->
#ifndef FILL_TWICE
     if
     :: counted[i]
     :: else -> counted[i] = true; g[i] = FILLED
     fi
#else
     assert(!counted[i]); counted[i] = true; g[i] = FILLED
#endif
  :: what == GONE && (g[i] == INTENDED || g[i] == ACCEPTED || g[i] == UNKNOWN) -> g[i] = CANCELLED
  :: what == REFUSED && (g[i] == INTENDED || g[i] == ACCEPTED || g[i] == UNKNOWN) -> g[i] = REJECTED
  :: else
  fi
}

proctype Executor(byte i) { byte t, x; /* what it does about signal i */
  do
  :: STEP(is_welcome && e[i] == NONE && (i == 0 || has_begun && !ONE)) has_begun = true;
          /* the signal, for the first time or again [executor/executor.py] */
          if
          :: expired[i] || is_live(e[other(i)]) -> e[i] = DENIED; ej[i] = DENIED
          :: else -> e[i] = CREATED /* asked for from now on, before it is in the journal too */
          fi END
  :: STEP(ej[i] != e[i]) ej[i] = e[i] END /* a commit */
  :: STEP(e[i] == CREATED && token != 0 && nfull(requests) &&
          !requests??[eval(i), eval(token), eval(executor)])
       requests!i, token, executor END /* asked for until answered */
  :: STEP(e[i] != DENIED && (g[i] != NONE && e[i] != g[i] || behind[i])) /* it reads the gateway's journal */
       behind[i] = false; if :: g[i] != NONE -> e[i] = g[i] :: else fi END
  :: STEP(e[i] == DENIED && behind[i]) behind[i] = false END
  :: STEP(token == 0 && nfull(requests) && !requests??[HELLO, _, _]) requests!HELLO, 0, executor END
  :: STEP(nempty(answers)) answers?t, x; if :: x == executor -> token = t :: else fi; t = 0; x = 0 END
  od
}

proctype Gateway(byte i) { byte t, x; mtype what;
  do
  :: STEP(nfull(answers) && requests??[HELLO, _, _]) requests??HELLO, t, x; /* [gateway/orders/fence.py] */
       if :: introduced != x -> introduced = x; tokens++; fence = tokens :: else fi;
       behind[0] = true; behind[1] = true; answers!fence, x; t = 0; x = 0 END
  :: STEP(nfull(answers) && requests??[eval(i), _, _]) requests??eval(i), t, x;
       if
#ifndef FENCING_OFF
       :: t != fence -> answers!0, x
#endif
       :: (t == fence || FENCE_IS_OFF) && g[i] == NONE && is_synchronised && admits(i) ->
#ifndef WRITE_BEFORE_COMMIT
          g[i] = INTENDED;
#endif
          queued[i] = true
       :: (t == fence || FENCE_IS_OFF) && g[i] == NONE && !(is_synchronised && admits(i)) -> g[i] = DENIED
       :: (t == fence || FENCE_IS_OFF) && g[i] != NONE /* asked again: the answer is in the journal */
       fi; t = 0; x = 0 END
  :: STEP(queued[i] && is_connected) queued[i] = false; /* its turn [gateway/orders/admission.py] */
       if
#ifndef ASKED_ONCE
       :: !admits(i) -> g[i] = DENIED
#endif
       :: admits(i) || IS_ASKED_ONCE ->
          assert(halt_seen == ACCEPTED); /* G5 */
          assert(!expired[i]); /* G4 */
          assert(!may_work(other(i))); /* G7 */
          socket[i] = true
       fi END
#ifdef WRITE_BEFORE_COMMIT
  :: STEP((socket[i] || b[i] != NONE) && g[i] == NONE) g[i] = INTENDED END
#endif
#ifdef BLIND_RESEND
  :: STEP(g[i] == UNKNOWN && is_synchronised && !socket[i]) socket[i] = true END
#endif
  :: STEP(reports?[eval(i), _]) reports?eval(i), what; /* TWS may say a thing twice */
       learn(i, what); learn(i, what); what = 0 END
  :: STEP(is_synchronised && empty(reports) && is_unlisted(i)) g[i] = LOST END
  :: STEP(!is_connected) is_connected = true END
  :: STEP(is_connected && !is_synchronised && empty(reports)) /* all lists [gateway/orders/snapshot.py] */
       if :: b[0] == WORKING || b[0] == DONE -> learn(0, b[0]) :: else fi;
       if :: b[1] == WORKING || b[1] == DONE -> learn(1, b[1]) :: else fi;
       is_synchronised = true END
  :: STEP(may_be_written(i) && halt_seen != word_of_risk) halt_seen = word_of_risk END
  od
}

proctype Tws(byte i) {
  do
  :: STEP((socket[i] || late[i]) && (!is_connected || nfull(reports)))
       if :: socket[i] -> socket[i] = false :: else -> late[i] = false fi;
       placed[i]++; assert(placed[i] == 1); /* G1 */
       if
       :: b[i] = WORKING
#ifndef KIND
       :: b[i] = REFUSED
#endif
       fi;
       if :: is_connected -> reports!i, b[i] :: else fi END
  :: STEP(late[i]) late[i] = false END /* went with its connection */
  :: STEP((b[i] == WORKING || b[i] == GONE) && (!is_connected || nfull(reports)))
       if
       :: b[i] = DONE /* what was cancelled may fill all the same */
#ifndef KIND
       :: b[i] == WORKING -> b[i] = GONE
       :: b[i] == GONE && ONE -> b[i] = WORKING /* or work again, which no count can foresee */
#endif
       fi;
       if :: is_connected -> reports!i, b[i] :: else fi END
#ifndef CALM
  :: STEP(!expired[i] && may_be_written(i)) expired[i] = true END /* time goes by */
  :: STEP(!halted && may_be_written(i)) halted = true END
#endif
  od
}

inline cut() { /* the connection is over: what was written may still be read, and reports are gone */
  is_connected = false; is_synchronised = false;
  do :: nempty(reports) -> reports?_, _ :: empty(reports) -> break od;
  late[0] = late[0] || socket[0]; socket[0] = false;
  late[1] = late[1] || socket[1]; socket[1] = false
}
inline end_of(i) { /* of what was queued not a byte was written [gateway/orders/login.py] */
  if
  :: queued[i] -> queued[i] = false; g[i] = DENIED
  :: !queued[i] && g[i] == INTENDED -> g[i] = UNKNOWN
  :: else
  fi
}
inline reborn(i) { queued[i] = false; if :: g[i] == INTENDED -> g[i] = UNKNOWN :: else fi }

proctype Faults() {
  do
  :: STEP(faults < FAULTS && is_connected) faults++; cut(); end_of(0); end_of(1) END
  :: STEP(faults < FAULTS) faults++; cut(); reborn(0); reborn(1); /* kill -9 of the gateway */
       introduced = 0; fence = 0; halt_seen = NONE END
  :: STEP(faults < FAULTS) faults++; executor++; token = 0; /* kill -9 of the executor */
       e[0] = ej[0]; e[1] = ej[1]; behind[0] = true; behind[1] = true END
  :: STEP(faults < FAULTS && nempty(requests)) faults++; requests?_, _, _ END
  :: STEP(faults < FAULTS && nempty(answers)) faults++; answers?_, _ END
  od
}

#define idle(i) (!queued[i] && !socket[i] && !late[i] && !behind[i] && ej[i] == e[i] && e[i] != CREATED && !is_unlisted(i) \
  && (g[i] == NONE || e[i] == g[i]))
#define agree(i) ((g[i] == FILLED) == (b[i] == DONE) && (g[i] == ACCEPTED) == (b[i] == WORKING) \
  && counted[i] == (b[i] == DONE))

proctype AtRest() { /* G2, G4: nothing is under way, and everybody has read everything */
  do
  :: atomic { is_synchronised && token != 0 && empty(requests) && empty(answers) && empty(reports) &&
       idle(0) && idle(1) ->
       assert(agree(0) && agree(1)) }
  od
}

init { atomic {
  run Executor(0); run Executor(1); run Gateway(0); run Gateway(1); run Tws(0); run Tws(1);
  run Faults(); run AtRest()
} }
