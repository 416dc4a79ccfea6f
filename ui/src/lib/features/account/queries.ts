/**
 * What the pages about accounts ask. Apart from `app/queries`, which every page carries.
 */
import { queryOptions } from '@tanstack/svelte-query';
import { platform } from '$lib/platform';

export const accountKeys = {
  sessions: ['sessions'] as const,
  passkeys: ['passkeys'] as const,
  push: ['push'] as const,
  secondFactor: ['second-factor'] as const,
  signInMethods: ['sign-in-methods'] as const
};

export const sessionsQuery = () =>
  queryOptions({
    queryKey: accountKeys.sessions,
    queryFn: () => platform().sessions(),
    staleTime: 0
  });

export const secondFactorQuery = () =>
  queryOptions({
    queryKey: accountKeys.secondFactor,
    queryFn: () => platform().secondFactor(),
    staleTime: 0
  });

export const signInMethodsQuery = () =>
  queryOptions({
    queryKey: accountKeys.signInMethods,
    queryFn: () => platform().signInMethods()
  });

export const passkeysQuery = () =>
  queryOptions({
    queryKey: accountKeys.passkeys,
    queryFn: () => platform().passkeys(),
    staleTime: 0
  });

export const pushQuery = () =>
  queryOptions({ queryKey: accountKeys.push, queryFn: () => platform().pushState(), staleTime: 0 });
