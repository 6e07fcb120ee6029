/** What each act of the table does: one request, or a wish to the telephone; what came of it is said in one line. */

import type { Doing, Ground } from "./acts";
import { save } from "./notes";
import { session } from "./session_port";

/** Whom to consult or invite, in one of these ways. */
export interface Target {
  what: "consulter" | "inviter";
  filiere?: string;
  poste?: string;
  effecteur?: string;
  numero?: string;
}

export interface Around {
  poste: () => string;
  by: () => string;
  ground: () => Ground | null;
  tell: (words: string, bad: boolean) => void;
  choose: Doing["choose"];
  listen: (what: { ref: string; call: string }) => void;
  write: () => void;
  dial: () => void;
}

export interface Acting extends Doing {
  showOut: (guest: string) => Promise<void>;
  aim: (target: Target) => Promise<void>;
  place: (number: string, about: string | undefined) => Promise<void>;
  listenLast: () => void;
}

export function useDoing(around: Around): { doing: Acting; post: (verb: string, words: object) => Promise<boolean> } {
  /** Ask; what was asked is said, or why not. */
  async function asked(path: string, body: object): Promise<boolean> {
    const answer = await session.ask<{ detail?: string }>(path, "POST", { by: around.by(), ...body });
    around.tell(answer.ok ? (answer.value.detail ?? "Fait.") : answer.detail, !answer.ok);
    return answer.ok;
  }
  /** About the call that is on the line; what was noted of it goes along. */
  async function ofCall(path: string, body: object = {}): Promise<void> {
    const call = around.ground()?.call;
    if (call == null) return;
    void save(call.call_id, around.by()).then((why) => why !== null && around.tell(`Note non enregistrée : ${why}`, true));
    await asked(`/api/v1/calls/${encodeURIComponent(call.call_id)}/${path}`, body);
  }
  async function byPhone(work: () => Promise<void> | undefined): Promise<void> {
    try {
      await work();
    } catch (error) {
      around.tell(`Le téléphone du navigateur a refusé : ${error instanceof Error ? error.message : String(error)}`, true);
    }
  }
  async function post(verb: string, words: object): Promise<boolean> {
    const path = `/api/v1/agents/${encodeURIComponent(around.poste())}/${verb}`;
    const answer = await session.ask<{ followed: boolean }>(path, "POST", { by: around.by(), ...words });
    if (!answer.ok) around.tell(answer.detail, true);
    else if (!answer.value.followed) around.tell("C'est noté ; le PBX suivra dès qu'il répondra.", false);
    return answer.ok;
  }
  function listen(caller: { call_id: string; dossier_ref: string | null } | null | undefined): void {
    if (caller?.dossier_ref != null) around.listen({ ref: caller.dossier_ref, call: caller.call_id });
  }

  const phone = (): Ground["phone"] => around.ground()?.phone ?? null;
  const doing: Acting = {
    answer: () => byPhone(() => phone()?.answer()),
    hangUp: async () => {
      const call = around.ground()?.call;
      if (call == null) return;
      void save(call.call_id, around.by());
      if (phone() !== null) return byPhone(() => phone()?.hangUp());
      await asked("/api/v1/poste/raccrocher", { poste: around.poste(), call_id: call.call_id });
    },
    hold: () => byPhone(() => (phone()?.state === "en garde" ? phone()?.resume() : phone()?.hold())),
    mute: () => byPhone(() => phone()?.mute(!phone()?.muted)),
    transfer: (filiere) => ofCall("transfer", { filiere }),
    ask: (verb) => ofCall(verb),
    choose: around.choose,
    listen: () => listen(around.ground()?.call ?? around.ground()?.desk.last),
    listenLast: () => listen(around.ground()?.desk.last),
    write: around.write,
    dial: around.dial,
    ready: () => post("reprise", {}),
    showOut: (guest) => ofCall(`guests/${encodeURIComponent(guest)}/leave`),
    aim: ({ what, ...target }) => ofCall(what === "consulter" ? "consult" : "guests", target),
    place: async (number, about) => {
      await asked("/api/v1/appels", { poste: around.poste(), numero: number, ...(about === undefined ? {} : { call_id: about }) });
    },
  };
  return { doing, post };
}
