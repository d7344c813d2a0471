/** The part of `POST /v1/route`'s answer that the playground shows. */
export interface RouteExplanation {
  readonly decision: {
    readonly model_id: string | null;
    readonly tier: string;
    readonly intent: string;
    readonly score: number;
    readonly confidence: number;
    readonly reason: string;
    readonly rule: string;
    readonly strategy: string;
    readonly is_forced: boolean;
    readonly error?: string;
  };
  readonly plan: readonly { readonly model_id: string; readonly upstream: string; readonly reason: string }[];
  readonly explain: {
    readonly threshold: { readonly effective: number };
    readonly signals: readonly {
      readonly id: string;
      readonly value: number;
      readonly weight: number;
      readonly contribution: number;
    }[];
    readonly reasons: readonly string[];
    readonly rejected: readonly { readonly model_id: string; readonly reason: string }[];
  };
}
