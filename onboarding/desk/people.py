"""The pages about reviewers: who has which role, invitations, changes of access; for leads and superusers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from onboarding.desk.access import history, invitations, recovery, roles
from onboarding.desk.access.proof import ProofForm
from onboarding.desk.access.roles import GROUPS, ForeignGroup, Role
from onboarding.desk.cases import LEAD
from onboarding.desk.site import page_of, site

ROLE_WORDS = {
    Role.VIEWER: _("viewer: reads"),
    Role.AUDITOR: _("auditor: reads, and can see whole numbers"),
    Role.REVIEWER: _("reviewer: decides"),
    Role.LEAD: _("lead: decides escalated cases, too, and invites"),
}
AUTHENTICATOR, LEAVE = "authenticator", "leave"
CHANGES = [
    *ROLE_WORDS.items(),
    (AUTHENTICATOR, _("a link for a new authenticator")),
    (LEAVE, _("end the access")),
]


class InviteForm(ProofForm):
    """Whom to invite, and as what."""

    name = forms.CharField(label=_("Name to log in with"), max_length=150)
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_WORDS.items()), initial=Role.REVIEWER)
    field_order = ("name", "role", "code")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        user: Any = get_user_model()
        user._meta.get_field(user.USERNAME_FIELD).run_validators(name)
        if user._default_manager.filter(**roles.named(name)).exists():
            raise forms.ValidationError(_("There is already somebody with this name."), code="taken")
        return name


class ChangeForm(ProofForm):
    """What to change of somebody's access."""

    change = forms.ChoiceField(label=_("Change"), choices=CHANGES)
    field_order = ("change", "code")


def reviewers() -> QuerySet[Any]:
    """Return those with a role of the desk, and superusers."""
    of_desk = Q(groups__name__in=GROUPS.values()) | Q(is_superuser=True)
    found = get_user_model()._default_manager.filter(of_desk, is_staff=True, is_active=True)
    return found.prefetch_related("groups").distinct().order_by("pk")


def people_view(request: HttpRequest) -> HttpResponse:
    """Show who has which role, and the form that makes an invitation. Raises PermissionDenied."""
    _may_lead(request)
    form, link = InviteForm(request.POST or None, request=request), ""
    if form.is_valid():
        name, role = form.cleaned_data["name"], Role(form.cleaned_data["role"])
        link = _link(request, invitations.invite(name, role, by=request.user))
        history.note(request.user, request.user, f"invited a {role}")
        form = InviteForm(request=request)
    people = [(each, _role_of(each), recovery.left(each), _may_change(request, each)) for each in reviewers()]
    return page_of(request, "people.html", _("Reviewers"), people=people, form=form, link=link)


def person_view(request: HttpRequest, pk: str) -> HttpResponse:
    """Change a reviewer's access. Raises PermissionDenied and Http404."""
    _may_lead(request)
    try:
        person = reviewers().filter(pk=pk).first()
    except (ValueError, ValidationError):
        person = None
    if person is None:
        raise Http404
    if not _may_change(request, person):
        raise PermissionDenied
    form = ChangeForm(request.POST or None, request=request, initial={"change": _role_of(person)})
    if not form.is_valid():
        return page_of(request, "person.html", person.get_username(), person=person, form=form)
    change = form.cleaned_data["change"]
    try:
        link = _change(request, person, change)
    except ForeignGroup as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(_path("people"))
    history.note(request.user, person, change)
    if link:
        return page_of(request, "person.html", person.get_username(), person=person, link=link)
    messages.success(request, _("Done: %(stamp)s.") % {"stamp": dict(CHANGES)[change]})
    return HttpResponseRedirect(_path("people"))


def _change(request: HttpRequest, person: Any, change: str) -> str:
    """Do it. Return the link for a new authenticator, if that is the change, or ""."""
    if change == LEAVE:
        roles.leave(person, by=request.user)
    elif change == AUTHENTICATOR:
        return _link(request, invitations.invite(person.get_username(), None, by=request.user))
    else:
        keys = person.user_permissions.filter(content_type__app_label=roles.OF_API).exists()
        roles.change_role(person, Role(change), keys=keys, by=request.user)
    return ""


def _may_lead(request: HttpRequest) -> None:
    if not request.user.has_perm(LEAD):
        raise PermissionDenied


def _may_change(request: HttpRequest, person: Any) -> bool:
    """Return whether it is somebody else, and no superuser unless a superuser asks."""
    user: Any = request.user
    return bool(person.pk != user.pk and (user.is_superuser or not person.is_superuser))


def _role_of(person: Any) -> str:
    """Return the role, or "" for a superuser without one."""
    names = {group.name for group in person.groups.all()}
    return next((role for role, name in GROUPS.items() if name in names), "")


def _link(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(_path("invited", token))


def _path(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args, current_app=site.name)


site.pages += (
    path("people/", site.admin_view(people_view), name="people"),
    path("people/<str:pk>/", site.admin_view(person_view), name="person"),
)
