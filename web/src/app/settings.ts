/** What a person set up for himself, kept on the server. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError, get, send } from '../api/http';

export function useSetting<T>(key: string): { value: T | null; ready: boolean; set: (value: T) => void } {
  const client = useQueryClient();
  const queryKey = ['setting', key];
  const query = useQuery({
    queryKey,
    queryFn: async ({ signal }): Promise<T | null> => {
      try {
        return await get<T>(`/ui/settings/${key}`, { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    staleTime: Infinity,
    retry: false,
  });
  const mutation = useMutation({
    mutationFn: (value: T) => send('PUT', `/ui/settings/${key}`, value),
    // One after the other: the last that is chosen is the one that is kept.
    scope: { id: `setting/${key}` },
  });
  return {
    value: query.data ?? null,
    ready: !query.isPending,
    set: (value: T) => {
      client.setQueryData(queryKey, value);
      mutation.mutate(value);
    },
  };
}
