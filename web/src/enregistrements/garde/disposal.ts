/** Destruction of what is past its term: proposed by one, approved by another with the visa of the archives, executed with proof. */

import { ask, type Answer } from "../session";

export interface Proposal {
  number: number;
  state: "proposee" | "approuvee" | "retiree";
  proposed_by: string;
  proposed_at: string;
  reason: string;
  approved_by: string | null;
  approved_at: string | null;
  visa: string | null;
  withdrawn_by: string | null;
  withdrawn_at: string | null;
  withdrawn_reason: string | null;
  pieces: number;
  open: number;
}

export interface Item {
  piece_id: string;
  code: string;
  keep_until: string;
  why: string;
  fate: "eliminee" | "ecartee" | null;
  fate_at: string | null;
  fate_why: string | null;
}

export interface Execution {
  en_cours: boolean;
  done: number;
  total: number;
  eliminees: number;
  ecartees: { piece_id: string; pourquoi: string }[];
  par: string;
  ennui: string | null;
}

export interface Opened extends Proposal {
  liste: Item[];
  execution: Execution | null;
}

export interface Record {
  number: number;
  piece_id: string;
  executed_at: string;
  proposed_by: string;
  approved_by: string;
  executed_by: string;
  visa: string;
  hash: string;
}

export interface Register {
  items: Record[];
  tete: { number: number; hash: string } | null;
  defauts: string[];
}

export const STATES: { [state in Proposal["state"]]: string } = { proposee: "proposée", approuvee: "approuvée", retiree: "retirée" };
export const FATES = { eliminee: "éliminée", ecartee: "écartée" };

const BASE = "/api/v1/eliminations";

export const proposals = (): Promise<Answer<{ items: Proposal[]; sans_proposition: number }>> => ask(BASE);
export const propose = (raison: string): Promise<Answer<Opened>> => ask(BASE, "POST", { raison });
export const opened = (number: number): Promise<Answer<Opened>> => ask(`${BASE}/${number}`);
export const approve = (number: number, visa: string): Promise<Answer<Opened>> => ask(`${BASE}/${number}/approbation`, "POST", { visa });
export const withdraw = (number: number, raison: string): Promise<Answer<Opened>> => ask(`${BASE}/${number}/retrait`, "POST", { raison });
export const execute = (number: number, raison: string): Promise<Answer<Opened>> => ask(`${BASE}/${number}/execution`, "POST", { raison });
export const register = (): Promise<Answer<Register>> => ask(`${BASE}/registre`);
